"""What tests read of an order."""

from __future__ import annotations

import base64

PDF = base64.b64encode(b"%PDF-1.4 empty").decode()
