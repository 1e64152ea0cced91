"""Request bodies, read as leniently as the real clients need it.

The shop plugin sends numbers where the documentation says text, other clients text where it says
number, and absent texts come as null: all of them work against wemalo.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from include.sandbox.wemalo.errors import ApiError


def _text(value: Any) -> Any:
    if value is None or isinstance(value, bool | dict | list):
        return ""
    return str(value)


def _number(value: Any) -> Any:
    return None if value in ("", None) else value


def _rows(value: Any) -> Any:
    if value is None:
        return []
    return [value] if isinstance(value, dict) else value


Text = Annotated[str, BeforeValidator(_text)]
Whole = Annotated[int | None, BeforeValidator(_number)]
Flag = Annotated[bool, BeforeValidator(lambda value: False if value in ("", None) else value)]


class Body(BaseModel):
    """Unknown fields are kept: callers send more than is documented."""

    model_config = ConfigDict(extra="allow")


class Receiver(Body):
    """One address of an order. Nothing is required at the door (wemalo contract 11)."""

    primary: Flag = False
    name1: Text = ""
    name2: Text = ""
    name3: Text = ""
    street: Text = ""
    streetNumber: Text = ""
    addressAddition: Text = ""
    zip: Text = ""
    city: Text = ""
    countryCode2Letter: Text = ""
    stateProvinceCountry: Text = ""
    phoneNumber: Text = ""
    email: Text = ""
    customerNumber: Text = ""


class Meta(Body):
    """Header of an order (wemalo contract 4.1)."""

    externalId: Text = ""
    orderNumber: Text = ""
    currency: Text = ""
    dispatcherProfile: Text = ""
    externalIdMatch: Text = ""
    pickingInfo: Text = ""
    expectedDeliveryDate: Text = ""
    descriptionOfGoods: Text = ""
    blocked: Flag = False
    fastSendWeight: Whole = None
    priority: Whole = None
    extraInfo: Text = ""
    extraInfo2: Text = ""
    extraInfo3: Text = ""
    extraInfo4: Text = ""
    departmentNumber: Text = ""
    linkedOrderExternalId: Text = ""
    receiver: Annotated[list[Receiver], BeforeValidator(_rows)] = []


class PositionBody(Body):
    """One position of an order. `total` and `tax` are cents."""

    externalId: Text = ""
    quantity: Whole = None
    serialNumber: Text = ""
    externalPositionIdentifier: Text = ""


class OrderBody(Body):
    """POST goodsOrder/add and addConditional."""

    shop: Text = ""
    meta: Meta = Field(default_factory=Meta)
    positions: Annotated[list[PositionBody], BeforeValidator(_rows)] = []


class PositionsBody(Body):
    """POST goodsOrder/addPosition."""

    externalIdMatch: Text = ""
    positions: Annotated[list[PositionBody], BeforeValidator(_rows)] = []


class ItemBody(Body):
    """One item of an announced return or goods receipt."""

    id: Whole = None
    externalId: Text = ""
    quantity: Whole = None
    returnReason: Whole = None
    productUnitId: Whole = None


class AnnouncementBody(Body):
    """POST returns/announce, returns/announceConditional and goodsReceipt/add."""

    deliveryNumber: Text = ""
    externalId: Text = ""
    goodsOrderExternalId: Text = ""
    orderNumberCustomer: Text = ""
    trackingNumber: Text = ""
    picking_notice: Text = ""
    skipSerialNumberCheck: Flag = False
    sender: Any = None
    items: Annotated[list[ItemBody], BeforeValidator(_rows)] = []


T = TypeVar("T", bound=BaseModel)


def parse(kind: type[T], body: Any) -> T:
    """Read a body; ApiError 400 that names the field, never its content."""
    try:
        return kind.model_validate(body if body is not None else {})
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise ApiError(400, f"INVALID: {where}") from None
