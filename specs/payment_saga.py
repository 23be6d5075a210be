"""A payment saga: an order is reserved, paid and shipped by services that share no transaction.

An orchestrator leads each order through three services: the inventory holds the goods back, the payment
service charges the customer, the warehouse ships. If a step is refused, or takes too long, what has been
done is undone by compensations: the payment is refunded, the goods are released. Once the
order has been handed to the warehouse there is no way back, only retries.

What can go wrong: the customer is charged twice, because a command came twice; goods are sent and the money is
given back, because the orchestrator crashed and decided again, differently; the money is kept and nothing is
sent, because a command that everybody had given up on arrived after its compensation.

What the spec assumes.
- A message once sent may arrive late, several times, never, and before one sent earlier: it is never removed.
- Each command carries the order's number as its idempotency key; a service that has carried out a command does
  not do so again (IDEMPOTENT; without it, the payment service charges for each copy). A compensation
  that arrives before its command bars it, so that the command is refused when it comes.
- The orchestrator may crash at any time and starts again from its log. It writes a decision down before
  it acts on it (LOG_FIRST). Giving up is a decision that it may take at any time before shipping.
- Services do what they do in one transaction with the note that they have done it, and do not lose it.
- All orders are for one piece, and cost PRICE; all customers share one account, for brevity.

Sources: Hector Garcia-Molina and Kenneth Salem, "Sagas", SIGMOD 1987; Chris Richardson, "Microservices
Patterns", chapter 4, for the orchestrated form; Pat Helland, "Life beyond Distributed Transactions", CIDR
2007, for idempotency keys and tentative operations.
"""

from enum import Enum
from typing import Annotated

from speccheck import (
    Context,
    Exists,
    Expr,
    Field,
    Forall,
    Implies,
    Ite,
    MachineStateBase,
    Map,
    Param,
    Set,
    StateVar,
    action,
    example,
    expr,
    instance,
    invariant,
    record,
    state,
)


class Phase(Enum):
    """How far the orchestrator is with an order."""

    NEW = "new"
    RESERVING = "reserving"
    CHARGING = "charging"
    SHIPPING = "shipping"
    DONE = "done"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"


class Payment(Enum):
    """What the payment service has noted for an order; BARRED: the refund came before the charge."""

    NONE = "none"
    CHARGED = "charged"
    DECLINED = "declined"
    REFUNDED = "refunded"
    BARRED = "barred"


class Goods(Enum):
    """What the inventory has noted for an order; RELEASED without having been HELD bars a late reservation."""

    NONE = "none"
    HELD = "held"
    REFUSED = "refused"
    RELEASED = "released"
    SHIPPED = "shipped"


class Task(Enum):
    """What the orchestrator can ask for."""

    RESERVE = "reserve"
    CHARGE = "charge"
    SHIP = "ship"
    RELEASE = "release"
    REFUND = "refund"


@record
class Command:
    """A message to a service; the order is the idempotency key."""

    task: Field[Task]
    order: Field[str]


@record
class Reply:
    """A message to the orchestrator: whether the command was carried out."""

    task: Field[Task]
    order: Field[str]
    done: Field[bool]


@state
class Saga(MachineStateBase):
    """Orders, and what everybody knows of them.

    `memory` is what the orchestrator thinks and loses in a crash, `log` what it has written down; `crashed`
    remembers that there was a crash, which leaves no other trace.
    """

    ORDERS: Param[set[str]]
    STOCK: Param[int]
    CREDIT: Param[int]
    PRICE: Param[int]
    IDEMPOTENT: Param[bool]
    LOG_FIRST: Param[bool]
    memory: StateVar[dict[str, Phase]]
    log: StateVar[dict[str, Phase]]
    commands: StateVar[set[Command]]
    replies: StateVar[set[Reply]]
    payment: StateVar[dict[str, Payment]]
    charges: StateVar[dict[str, int]]
    refunds: StateVar[dict[str, int]]
    goods: StateVar[dict[str, Goods]]
    stock: StateVar[int]
    credit: StateVar[int]
    crashed: StateVar[bool]


@action(init=True)
def init(c: Context[Saga]):
    """The orders are in, nothing is done yet."""
    s = c.state
    s.memory = Map(Phase.NEW for _ in s.ORDERS)
    s.log = Map(Phase.NEW for _ in s.ORDERS)
    s.commands = Set(Command)
    s.replies = Set(Reply)
    s.payment = Map(Payment.NONE for _ in s.ORDERS)
    s.charges = Map(0 for _ in s.ORDERS)
    s.refunds = Map(0 for _ in s.ORDERS)
    s.goods = Map(Goods.NONE for _ in s.ORDERS)
    s.stock = s.STOCK
    s.credit = s.CREDIT
    s.crashed = False


@expr
def asked(s: Saga, task: Annotated[Expr, Task], order: Annotated[Expr, str]):
    """Whether the command has been sent, so that it may arrive."""
    return s.commands.contains(Command(task=task, order=order))


@expr
def answered(s: Saga, task: Annotated[Expr, Task], order: Annotated[Expr, str], done: Annotated[Expr, bool]):
    """Whether that answer has been sent."""
    return s.replies.contains(Reply(task=task, order=order, done=done))


@action
def answer(c: Context[Saga], task: Annotated[Expr, Task], order: Annotated[Expr, str], done: Annotated[Expr, bool]):
    """A service answers the orchestrator."""
    c.state.replies |= Set(Reply(task=task, order=order, done=done))


@action(inline=False)
def orchestrator_starts(c: Context[Saga], order: Annotated[Expr, str]):
    """The orchestrator takes an order up: first the goods."""
    s = c.state
    c.assume(s.memory[order] == Phase.NEW)
    s.memory[order] = Phase.RESERVING


@action(inline=False)
def orchestrator_goes_on(c: Context[Saga], order: Annotated[Expr, str]):
    """The orchestrator hears that a step is done and decides on the next one."""
    s = c.state
    phase = s.memory[order]
    reserved = (phase == Phase.RESERVING) & answered(s, Task.RESERVE, order, True)
    charged = (phase == Phase.CHARGING) & answered(s, Task.CHARGE, order, True)
    shipped = (phase == Phase.SHIPPING) & answered(s, Task.SHIP, order, True)
    c.assume(reserved | charged | shipped)
    s.memory[order] = Ite(reserved, Phase.CHARGING, Ite(charged, Phase.SHIPPING, Phase.DONE))


@action(inline=False)
def orchestrator_cancels(c: Context[Saga], order: Annotated[Expr, str]):
    """The orchestrator hears that a step is refused, or loses patience, and decides to undo everything."""
    s = c.state
    c.assume((s.memory[order] == Phase.RESERVING) | (s.memory[order] == Phase.CHARGING))
    s.memory[order] = Phase.CANCELLING


@action(inline=False)
def orchestrator_closes(c: Context[Saga], order: Annotated[Expr, str]):
    """The orchestrator hears that everything is undone."""
    s = c.state
    c.assume(s.memory[order] == Phase.CANCELLING)
    c.assume(answered(s, Task.RELEASE, order, True) & answered(s, Task.REFUND, order, True))
    s.memory[order] = Phase.CANCELLED


@action(inline=False)
def orchestrator_logs(c: Context[Saga], order: Annotated[Expr, str]):
    """The orchestrator writes its decision down."""
    s = c.state
    c.assume(s.log[order] != s.memory[order])
    s.log[order] = s.memory[order]


@action(inline=False)
def orchestrator_sends(c: Context[Saga], order: Annotated[Expr, str], task: Annotated[Expr, Task]):
    """The orchestrator sends the command, or one of the two commands, of the phase that it is in."""
    s = c.state
    phase = s.memory[order]
    c.assume(Implies(s.LOG_FIRST, s.log[order] == phase))
    c.assume(
        ((phase == Phase.RESERVING) & (task == Task.RESERVE))
        | ((phase == Phase.CHARGING) & (task == Task.CHARGE))
        | ((phase == Phase.SHIPPING) & (task == Task.SHIP))
        | ((phase == Phase.CANCELLING) & ((task == Task.RELEASE) | (task == Task.REFUND)))
    )
    c.assume(~asked(s, task, order))
    s.commands |= Set(Command(task=task, order=order))


@action(inline=False)
def orchestrator_crashes(c: Context[Saga]):
    """The orchestrator crashes with a decision not yet written down, and starts again from its log."""
    s = c.state
    c.assume(s.memory != s.log)
    s.memory = s.log
    s.crashed = True


@action(inline=False)
def inventory_reserves(c: Context[Saga], order: Annotated[Expr, str]):
    """The inventory holds a piece back, if there is one, unless the order's goods were released before."""
    s = c.state
    c.assume(asked(s, Task.RESERVE, order) & (s.goods[order] == Goods.NONE))
    there, gone = c.split(s.stock > 0)
    with there:
        s.stock -= 1
        s.goods[order] = Goods.HELD
        answer(c, Task.RESERVE, order, True)
    with gone:
        s.goods[order] = Goods.REFUSED
        answer(c, Task.RESERVE, order, False)


@action(inline=False)
def inventory_releases(c: Context[Saga], order: Annotated[Expr, str]):
    """The inventory takes the piece back into stock, or notes that none is to be held back."""
    s = c.state
    c.assume(asked(s, Task.RELEASE, order) & ~answered(s, Task.RELEASE, order, True))
    was_held = s.goods[order] == Goods.HELD
    s.stock += Ite(was_held, 1, 0)
    s.goods[order] = Ite(was_held | (s.goods[order] == Goods.NONE), Goods.RELEASED, s.goods[order])
    answer(c, Task.RELEASE, order, True)


@action(inline=False)
def payment_charges(c: Context[Saga], order: Annotated[Expr, str]):
    """The payment service charges the customer, once per order, unless the order was refunded before."""
    s = c.state
    again = ~s.IDEMPOTENT & (s.payment[order] == Payment.CHARGED)
    c.assume(asked(s, Task.CHARGE, order) & ((s.payment[order] == Payment.NONE) | again))
    c.assume(s.credit >= s.PRICE)
    s.credit -= s.PRICE
    s.charges[order] += 1
    s.payment[order] = Payment.CHARGED
    answer(c, Task.CHARGE, order, True)


@action(inline=False)
def payment_declines(c: Context[Saga], order: Annotated[Expr, str]):
    """The payment service declines, for want of money."""
    s = c.state
    c.assume(asked(s, Task.CHARGE, order) & (s.payment[order] == Payment.NONE))
    c.assume(s.credit < s.PRICE)
    s.payment[order] = Payment.DECLINED
    answer(c, Task.CHARGE, order, False)


@action(inline=False)
def payment_refunds(c: Context[Saga], order: Annotated[Expr, str]):
    """The payment service gives the money back, or notes that none is to be taken."""
    s = c.state
    c.assume(asked(s, Task.REFUND, order) & ~answered(s, Task.REFUND, order, True))
    was_charged = s.payment[order] == Payment.CHARGED
    s.credit += Ite(was_charged, s.PRICE, 0)
    s.refunds[order] += Ite(was_charged, 1, 0)
    s.payment[order] = Ite(
        was_charged, Payment.REFUNDED, Ite(s.payment[order] == Payment.NONE, Payment.BARRED, s.payment[order])
    )
    answer(c, Task.REFUND, order, True)


@action(inline=False)
def warehouse_ships(c: Context[Saga], order: Annotated[Expr, str]):
    """The warehouse ships what is held back for the order."""
    s = c.state
    c.assume(asked(s, Task.SHIP, order) & (s.goods[order] == Goods.HELD))
    s.goods[order] = Goods.SHIPPED
    answer(c, Task.SHIP, order, True)


@action
def orchestrator_step(c: Context[Saga], order: Annotated[Expr, str]):
    """Something that the orchestrator does for an order."""
    start, go_on, cancel, close, log, send = c.alternatives("start", "go on", "cancel", "close", "log", "send")
    with start:
        orchestrator_starts(c, order)
    with go_on:
        orchestrator_goes_on(c, order)
    with cancel:
        orchestrator_cancels(c, order)
    with close:
        orchestrator_closes(c, order)
    with log:
        orchestrator_logs(c, order)
    with send, c.one_of(Set(Task.RESERVE, Task.CHARGE, Task.SHIP, Task.RELEASE, Task.REFUND), "task") as task:
        orchestrator_sends(c, order, task)


@action
def service_step(c: Context[Saga], order: Annotated[Expr, str]):
    """Something that a service does for an order."""
    reserve, release, charge, decline, refund, ship = c.alternatives(
        "reserve", "release", "charge", "decline", "refund", "ship"
    )
    with reserve:
        inventory_reserves(c, order)
    with release:
        inventory_releases(c, order)
    with charge:
        payment_charges(c, order)
    with decline:
        payment_declines(c, order)
    with refund:
        payment_refunds(c, order)
    with ship:
        warehouse_ships(c, order)


@action
def step(c: Context[Saga]):
    """One step of the orchestrator or of a service, or a crash."""
    orchestrator, service, crash = c.alternatives("orchestrator", "service", "crash")
    with orchestrator, c.one_of(c.state.ORDERS, "order") as order:
        orchestrator_step(c, order)
    with service, c.one_of(c.state.ORDERS, "order") as order:
        service_step(c, order)
    with crash:
        orchestrator_crashes(c)


@expr
def paid(s: Saga, order: Annotated[Expr, str]):
    """How many times the order's price has been taken and not been given back."""
    return s.charges[order] - s.refunds[order]


@invariant
def charged_at_most_once(s: Saga):
    """Nobody is charged twice for an order."""
    return Forall(s.charges[order] <= 1 for order in s.ORDERS)


@invariant
def goods_are_paid_for(s: Saga):
    """What is shipped has been paid for, and stays so."""
    return Forall(Implies(s.goods[order] == Goods.SHIPPED, paid(s, order) == 1) for order in s.ORDERS)


@invariant
def cancelled_is_undone(s: Saga):
    """When an order is recorded as cancelled, no money is kept, no goods are held back and none are shipped."""
    return Forall(
        Implies(
            s.log[order] == Phase.CANCELLED,
            (paid(s, order) == 0) & (s.goods[order] != Goods.HELD) & (s.goods[order] != Goods.SHIPPED),
        )
        for order in s.ORDERS
    )


@invariant
def done_is_shipped(s: Saga):
    """When an order is recorded as done, it has been shipped."""
    return Forall(Implies(s.log[order] == Phase.DONE, s.goods[order] == Goods.SHIPPED) for order in s.ORDERS)


@invariant
def nothing_gets_lost(s: Saga):
    """All pieces are in stock, held back or shipped; all money is the customer's or paid; neither is ever negative."""
    taken = s.ORDERS.filter(lambda order: (s.goods[order] == Goods.HELD) | (s.goods[order] == Goods.SHIPPED))
    spent = s.ORDERS.reduce(lambda total, order: total + paid(s, order) * s.PRICE, 0)
    return (s.stock >= 0) & (s.stock + taken.size == s.STOCK) & (s.credit >= 0) & (s.credit + spent == s.CREDIT)


@example
def an_order_is_started(s: Saga):
    """`orchestrator_starts` happens."""
    return Exists(s.memory[order] == Phase.RESERVING for order in s.ORDERS)


@example
def an_order_is_written_down(s: Saga):
    """`orchestrator_logs` happens."""
    return Exists(s.log[order] == Phase.RESERVING for order in s.ORDERS)


@example
def a_command_is_sent(s: Saga):
    """`orchestrator_sends` happens."""
    return ~s.commands.is_empty


@example
def goods_are_held(s: Saga):
    """`inventory_reserves` happens, with success."""
    return Exists(s.goods[order] == Goods.HELD for order in s.ORDERS)


@example
def goods_are_refused(s: Saga):
    """`inventory_reserves` happens, without success. (Trivial where there is a piece for every order.)"""
    return (s.ORDERS.size <= s.STOCK) | Exists(s.goods[order] == Goods.REFUSED for order in s.ORDERS)


@example
def a_customer_is_charged(s: Saga):
    """`payment_charges` happens."""
    return Exists(s.payment[order] == Payment.CHARGED for order in s.ORDERS)


@example
def a_customer_is_declined(s: Saga):
    """`payment_declines` happens. (Trivial where there is money for every order.)"""
    return (s.ORDERS.size * s.PRICE <= s.CREDIT) | Exists(s.payment[order] == Payment.DECLINED for order in s.ORDERS)


@example
def goods_are_shipped(s: Saga):
    """`warehouse_ships` happens."""
    return Exists(s.goods[order] == Goods.SHIPPED for order in s.ORDERS)


@example
def an_order_is_done(s: Saga):
    """`orchestrator_goes_on` happens, to the end."""
    return Exists(s.log[order] == Phase.DONE for order in s.ORDERS)


@example
def an_order_is_given_up(s: Saga):
    """`orchestrator_cancels` happens."""
    return Exists(s.memory[order] == Phase.CANCELLING for order in s.ORDERS)


@example
def a_customer_is_refunded(s: Saga):
    """`payment_refunds` happens."""
    return Exists(s.refunds[order] > 0 for order in s.ORDERS)


@example
def goods_are_released(s: Saga):
    """`inventory_releases` happens."""
    return Exists(s.goods[order] == Goods.RELEASED for order in s.ORDERS)


@example
def an_order_is_closed(s: Saga):
    """`orchestrator_closes` happens."""
    return Exists(s.memory[order] == Phase.CANCELLED for order in s.ORDERS)


@example
def a_decision_is_forgotten(s: Saga):
    """`orchestrator_crashes` happens."""
    return s.crashed


@instance
def one_order() -> Saga:
    """One order, for a look at every path by hand."""
    return Saga(ORDERS={"order-1"}, STOCK=1, CREDIT=2, PRICE=1, IDEMPOTENT=True, LOG_FIRST=True)


@instance
def two_orders() -> Saga:
    """Two orders, and neither goods nor money for both."""
    return Saga(ORDERS={"order-1", "order-2"}, STOCK=1, CREDIT=1, PRICE=1, IDEMPOTENT=True, LOG_FIRST=True)


@instance
def charges_again() -> Saga:
    """A payment service without idempotency keys: one copy of a command too many, and the customer pays twice."""
    return Saga(ORDERS={"order-1"}, STOCK=1, CREDIT=2, PRICE=1, IDEMPOTENT=False, LOG_FIRST=True)


@instance
def acts_before_it_logs() -> Saga:
    """An orchestrator that acts first: after a crash it decides otherwise, and ships what it refunds."""
    return Saga(ORDERS={"order-1"}, STOCK=1, CREDIT=2, PRICE=1, IDEMPOTENT=True, LOG_FIRST=False)
