"""A write-ahead log: a database keeps its promises though it may lose its memory at any moment.

Transactions change pages in memory. Each change is noted in a log, with what the page held before, and so is each
commit. Log and pages get to the disk at times of their own. When the machine crashes, memory is gone: what is left
of the log tells which transactions have committed, whose changes are done once more where they are missing, and
which have not, whose changes are undone. Two rules make that possible: a page gets to the disk only after the log
records of its changes (so that they can be undone), and a commit is acknowledged only when its record is on the
disk (so that it can be redone).

What can go wrong: an acknowledged change is lost, or a change of an aborted transaction stays.

What the spec assumes: the disk writes one page or one log record at a time, wholly or not at all, and keeps it. A
transaction keeps the pages that it has changed to itself until it is acknowledged or undone. Crashes come at any
moment, during recovery too. Transactions that were under way are not tried again; none aborts but by a crash.

Sources: Jim Gray, "Notes on data base operating systems", in Operating Systems: An Advanced Course, Springer, 1978;
C. Mohan et al., "ARIES: a transaction recovery method …", ACM Transactions on Database Systems 17(1), 1992. Without
log sequence numbers, checkpoints and partial rollbacks, and with recovery page by page.
"""

from enum import Enum
from typing import Annotated

from speccheck import (
    Context,
    Expr,
    Field,
    Interval,
    List,
    MachineStateBase,
    Param,
    Set,
    StateVar,
    Variant,
    action,
    example,
    expr,
    instance,
    invariant,
    record,
    state,
    union,
)

NOBODY = 0


class Fate(Enum):
    """How far a transaction is; it has promised nothing to anybody until it is ACKNOWLEDGED."""

    ACTIVE = "active"
    COMMITTING = "committing"
    ACKNOWLEDGED = "acknowledged"
    ABORTED = "aborted"


@record
class Change:
    """A transaction has written a page, which held another one's value before."""

    transaction: Field[int]
    page: Field[str]
    before: Field[int]


@union
class Record:
    """A log record."""

    Changed: Variant[Change]
    Committed: Variant[int]


@state
class Database(MachineStateBase):
    """A page's value is the number of the transaction that wrote it, or NOBODY's.

    `on_disk` is how many log records are on the disk, `to_recover` which pages recovery has still to look at.
    `promised` is not part of the database: it remembers what the pages must hold by what has been acknowledged.
    """

    TRANSACTIONS: Param[int]
    PAGES: Param[set[str]]
    fate: StateVar[dict[int, Fate]]
    log: StateVar[list[Record]]
    on_disk: StateVar[int]
    memory: StateVar[dict[str, int]]
    disk: StateVar[dict[str, int]]
    to_recover: StateVar[set[str]]
    promised: StateVar[dict[str, int]]


@action(init=True)
def init(c: Context[Database]):
    """Nobody has written anything."""
    s = c.state
    s.fate = {transaction: Fate.ACTIVE for transaction in Interval(1, s.TRANSACTIONS)}
    s.log = List(Record)
    s.on_disk = 0
    s.memory = {page: NOBODY for page in s.PAGES}
    s.disk = {page: NOBODY for page in s.PAGES}
    s.to_recover = Set(str)
    s.promised = {page: NOBODY for page in s.PAGES}


@expr
def is_up(s: Database):
    """Whether the database works: nothing is left to recover."""
    return s.to_recover.is_empty


@expr
def is_open(s: Database, transaction: Annotated[Expr, int]):
    """Whether it is a transaction of which nobody has been told yet how it ended."""
    return transaction != NOBODY and (s.fate[transaction] == Fate.ACTIVE or s.fate[transaction] == Fate.COMMITTING)


@expr
def commit_is_on_disk(s: Database, transaction: Annotated[Expr, int]):
    """Whether its commit record will survive a crash."""
    return Record.Committed(transaction) in s.log[: s.on_disk]


@expr
def is_change(entry: Annotated[Expr, Record], transaction: Annotated[Expr, int], page: Annotated[Expr, str]):
    """Whether a log record says that the transaction has changed the page."""
    match entry:
        case Record.Changed(change):
            return change.transaction == transaction and change.page == page
        case _:
            return False


@expr
def change_is_on_disk(s: Database, transaction: Annotated[Expr, int], page: Annotated[Expr, str]):
    """Whether the record of its change to a page will survive a crash."""
    return any(is_change(entry, transaction, page) for entry in s.log[: s.on_disk])


@expr
def redone_or_undone(
    s: Database, page: Annotated[Expr, str], value: Annotated[Expr, int], entry: Annotated[Expr, Record]
):
    """What a page holds after recovery has looked at one more log record: changes not committed are undone."""
    match entry:
        case Record.Changed(change) if change.page == page:
            return change.transaction if commit_is_on_disk(s, change.transaction) else change.before
        case _:
            return value


@action(inline=False)
def writes(c: Context[Database], transaction: Annotated[Expr, int], page: Annotated[Expr, str]):
    """A transaction changes a page in memory, which no open one has changed, and notes that."""
    s = c.state
    c.assume(is_up(s) and s.fate[transaction] == Fate.ACTIVE and not is_open(s, s.memory[page]))
    s.log += [Record.Changed(Change(transaction=transaction, page=page, before=s.memory[page]))]
    s.memory[page] = transaction


@action(inline=False)
def commits(c: Context[Database], transaction: Annotated[Expr, int]):
    """A transaction that has changed something wants no more, and notes that."""
    s = c.state
    c.assume(is_up(s) and s.fate[transaction] == Fate.ACTIVE and transaction in s.memory.values)
    s.log += [Record.Committed(transaction)]
    s.fate[transaction] = Fate.COMMITTING


@action(inline=False)
def acknowledges(c: Context[Database], transaction: Annotated[Expr, int]):
    """The user is told that the transaction has committed."""
    s = c.state
    c.assume(is_up(s) and s.fate[transaction] == Fate.COMMITTING)
    c.assume(commit_is_on_disk(s, transaction))
    s.fate[transaction] = Fate.ACKNOWLEDGED
    s.promised = {page: transaction if s.memory[page] == transaction else s.promised[page] for page in s.PAGES}


@action(inline=False)
def writes_log(c: Context[Database]):
    """The next log record gets to the disk."""
    s = c.state
    c.assume(is_up(s) and s.on_disk < len(s.log))
    s.on_disk += 1


@action(inline=False)
def writes_page(c: Context[Database], page: Annotated[Expr, str]):
    """A changed page gets to the disk, whether its transaction has committed or not."""
    s = c.state
    c.assume(is_up(s) and s.disk[page] != s.memory[page])
    c.assume(change_is_on_disk(s, s.memory[page], page))
    s.disk[page] = s.memory[page]


@expr
def what_survives(s: Database, page: Annotated[Expr, str]):
    """What a page must hold after a crash that comes now."""
    writer = s.memory[page]
    return writer if is_open(s, writer) and commit_is_on_disk(s, writer) else s.promised[page]


@expr
def fate_in_a_crash(s: Database, transaction: Annotated[Expr, int]):
    """What becomes of a transaction in a crash that comes now; one that has changed nothing goes on afterwards."""
    if not is_open(s, transaction) or transaction not in s.memory.values:
        return s.fate[transaction]
    return Fate.ACKNOWLEDGED if commit_is_on_disk(s, transaction) else Fate.ABORTED


@action(inline=False)
def crashes(c: Context[Database]):
    """Memory is gone. Open transactions are committed if their commit record has got to the disk, else aborted."""
    s = c.state
    c.assume(s.to_recover != s.PAGES)
    s.promised = {page: what_survives(s, page) for page in s.PAGES}
    s.fate = {transaction: fate_in_a_crash(s, transaction) for transaction in Interval(1, s.TRANSACTIONS)}
    s.log = s.log[: s.on_disk]
    s.memory = s.disk
    s.to_recover = s.PAGES


@action(inline=False)
def recovers(c: Context[Database], page: Annotated[Expr, str]):
    """Recovery writes a page as the log says it should be; after the last one the database works again."""
    s = c.state
    value = c.cache(s.log.reduce(lambda value, entry: redone_or_undone(s, page, value, entry), s.disk[page]), "value")
    s.disk[page] = value
    s.memory[page] = value
    s.to_recover -= {page}


@action
def step(c: Context[Database]):
    """One step of a transaction, of the disk, or of recovery; or a crash."""
    s = c.state
    transaction_acts, log_out, page_out, crash, recover = c.alternatives(
        "transaction", "log", "page", "crash", "recover"
    )
    with transaction_acts, c.one_of(Interval(1, s.TRANSACTIONS), "transaction") as transaction:
        write, commit, acknowledge = c.alternatives("write", "commit", "acknowledge")
        with write, c.one_of(s.PAGES, "page") as page:
            writes(c, transaction, page)
        with commit:
            commits(c, transaction)
        with acknowledge:
            acknowledges(c, transaction)
    with log_out:
        writes_log(c)
    with page_out, c.one_of(s.PAGES, "page") as page:
        writes_page(c, page)
    with crash:
        crashes(c)
    with recover, c.one_of(s.to_recover, "page") as page:
        recovers(c, page)


@invariant
def what_is_acknowledged_survives(s: Database):
    """While the database is up, a page holds what was last acknowledged, or what an open transaction wrote."""
    return not is_up(s) or all(s.memory[page] == s.promised[page] or is_open(s, s.memory[page]) for page in s.PAGES)


@invariant
def what_is_aborted_vanishes(s: Database):
    """While the database is up, no page holds what an aborted transaction wrote."""
    return not is_up(s) or all(s.fate[s.memory[page]] != Fate.ABORTED for page in s.PAGES if s.memory[page] != NOBODY)


@invariant
def the_log_is_ahead(s: Database):
    """Whatever is in a page on the disk, the log on the disk knows of it."""
    return all(s.disk[page] == NOBODY or change_is_on_disk(s, s.disk[page], page) for page in s.PAGES)


@example
def a_page_is_changed(s: Database):
    """`writes` happens."""
    return any(s.memory[page] != NOBODY for page in s.PAGES)


@example
def a_transaction_wants_to_commit(s: Database):
    """`commits` happens."""
    return Fate.COMMITTING in s.fate.values


@example
def all_are_acknowledged(s: Database):
    """`acknowledges` happens, to all."""
    return is_up(s) and s.fate.values == {Fate.ACKNOWLEDGED}


@example
def the_log_gets_to_the_disk(s: Database):
    """`writes_log` happens."""
    return s.on_disk > 0


@example
def an_aborted_change_is_on_the_disk(s: Database):
    """`writes_page` happens, and `crashes` happens, so that there is something to undo."""
    return not is_up(s) and any(s.disk[page] != NOBODY for page in s.PAGES) and Fate.ABORTED in s.fate.values


@example
def it_works_again(s: Database):
    """`recovers` happens, to all pages: the database is up, and a transaction has been aborted."""
    return is_up(s) and Fate.ABORTED in s.fate.values


@instance
def one_page() -> Database:
    """Two transactions that want the same page."""
    return Database(TRANSACTIONS=2, PAGES={"p"})


@instance
def two_pages() -> Database:
    """Two transactions, two pages."""
    return Database(TRANSACTIONS=2, PAGES={"p", "q"})
