"""Switches for guessed behaviour. Each default is what the plentymarkets contract guesses."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Switches(BaseModel):
    """How the server behaves where nobody has settled it. Numbers in brackets: contract 22."""

    model_config = ConfigDict(extra="forbid")

    # access
    wrong_password: Literal["401", "200"] = "401"  # noqa: S105 - [18]
    session_limit_counts: Literal["users", "tokens"] = "users"  # contract 21.2
    max_sessions: int = Field(default=3, ge=1)
    token_seconds: int = Field(default=86_400, ge=1)
    login_ends_old_token: bool = False  # [11]
    refresh_by: Literal["refresh_token", "bearer", "either"] = "either"  # contract 23

    # limits
    limits: bool = True
    search_post_counts_as: Literal["read", "write"] = "read"  # [10]
    no_retry_after: bool = False
    header_case: Literal["mixed", "lower"] = "mixed"

    # reading
    order_shape: Literal["live", "described"] = "live"  # contract 23, or 6 as it was before
    numbers_as_text: float = Field(default=0.0, ge=0, le=1)  # share of replies, contract 21.8
    page_beyond_end: Literal["clamp", "empty"] = "clamp"  # [2]
    max_items_per_page: int = Field(default=250, ge=1)  # [1]
    search_with: Literal["all", "listed"] = "all"  # [3] `with` values beyond the ones of 6.4
    zero_dates: bool = False  # an empty date is "-0001-11-30T00:00:00+01:00", not null

    # writing
    unknown_status: Literal["422", "accept"] = "422"  # [7]
    same_status_history: bool = True  # [8]
    nested_lists: Literal["replace", "merge"] = "replace"  # contract 3.1, PUT of an order
    second_book: Literal["refuse", "ignore", "again"] = "refuse"  # [5]
    book_without_stock: Literal["allow", "refuse"] = "allow"  # [5]
    outgoing_sign: Literal["negative", "any"] = "negative"  # [12]
    bad_stock_row: Literal["all_or_nothing", "good_rows"] = "all_or_nothing"  # [12]
    book_incoming_reply: Literal["rows", "empty"] = "rows"
    locked_orders: Literal["items", "everything"] = "items"  # [14] what an invoice forbids
    return_above_shipped: Literal["refuse", "accept"] = "refuse"  # contract 21.30
    document_seconds: float = Field(default=2.0, ge=0)  # simulated, until it is done
    faulty_documents: float = Field(default=0.0, ge=0, le=1)  # share, contract 21.31
