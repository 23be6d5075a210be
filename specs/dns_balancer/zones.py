"""What a DNS zone and the planner's plans are made of; part of the spec in `dns_balancer.py` beside it."""

from enum import Enum
from typing import Annotated

from speccheck import Expr, Field, List, Set, SetIf, expr, record


class RecordKind(Enum):
    """The kinds of DNS records that matter here."""

    A = "A"
    CNAME = "CNAME"


CNAME = RecordKind.CNAME
ZONE = "api.example.com"
ROLLBACK = "rollback.api.example.com"
POOL = "pool.api.example.com"
NOBODY = "nobody"


@record
class ZoneRecord:
    """One record set of the zone: a CNAME has one value, the name that it stands for."""

    kind: Field[RecordKind]
    name: Field[str]
    value: Field[list[str]]


@record
class PlannerUpdate:
    """A published plan: the name its records are found under, and the records it creates."""

    name: Field[str]
    creates: Field[set[ZoneRecord]]


@record
class LockRecord:
    """The zone's lock: who holds it, and the epoch, which is the newest plan it was ever taken for."""

    holder: Field[str]
    epoch: Field[int]


@expr
def alias(name: Annotated[Expr, str], target: Annotated[Expr, str]):
    """The CNAME record by which a name stands for another."""
    return ZoneRecord(kind=CNAME, name=name, value=List(target))


@expr
def plan_update(name: Annotated[Expr, str]):
    """The plan of that name. It sends its share of the traffic to the pool of load balancers."""
    return PlannerUpdate(name=name, creates=Set(alias(name, POOL)))


@expr
def aliases_of(records: Annotated[Expr, set[ZoneRecord]], name: Annotated[Expr, str]):
    """The CNAME records that a name has."""
    return SetIf((r.kind == CNAME) & (r.name == name) for r in records)


@expr
def target_of(records: Annotated[Expr, set[ZoneRecord]], name: Annotated[Expr, str]):
    """What a name stands for; it must have a CNAME."""
    return records.choose(lambda r: (r.kind == CNAME) & (r.name == name)).value[0]


@expr
def pointed_to(records: Annotated[Expr, set[ZoneRecord]], name: Annotated[Expr, str], target: Annotated[Expr, str]):
    """The records with a name's CNAME replaced."""
    return (records - aliases_of(records, name)) | Set(alias(name, target))


@expr
def plan_exists(records: Annotated[Expr, set[ZoneRecord]], name: Annotated[Expr, str]):
    """Whether a plan of that name is in the zone."""
    return ~aliases_of(records, name).is_empty
