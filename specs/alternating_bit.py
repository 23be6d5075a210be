"""The alternating-bit protocol: messages get through a channel that loses some, each once and in order.

The sender sends its message with a bit, again and again, until the receiver confirms that bit; then it goes on to the
next message with the other bit. The receiver takes a message whose bit it expects, expects the other one from then on,
and confirms again and again the bit of what it took last. What carries another bit than expected is thrown away.

What can go wrong: a message is taken twice or not at all, or nothing ever gets through.

What the spec assumes: channels keep the order and hold a few messages; they may lose any that they hold, but neither
change nor invent one. Messages are numbered round and round (modulo NUMBERS), so that a wrong one can be told. That
something gets through at all needs a channel that, given ever new chances to deliver, delivers in the end (strong
fairness): one that may lose everything can do so for ever.

Source: K. A. Bartlett, R. A. Scantlebury and P. T. Wilkinson, "A note on reliable full-duplex transmission over
half-duplex links", Communications of the ACM 12(5), 1969.
"""

from enum import Enum
from typing import Annotated

from speccheck import (
    AndT,
    Context,
    Expr,
    Field,
    Forall,
    ImpliesT,
    Interval,
    LeadsTo,
    List,
    MachineStateBase,
    Param,
    Set,
    StateVar,
    StrongFair,
    WeakFair,
    action,
    example,
    expr,
    instance,
    invariant,
    record,
    state,
    temporal,
)


class Way(Enum):
    """The two channels."""

    FORTH = "forth"
    BACK = "back"


@record
class Packet:
    """What the sender sends."""

    bit: Field[bool]
    number: Field[int]


@state
class Line(MachineStateBase):
    """Both ends, and what is under way between them. `lost` is whether anything was; nothing depends on it."""

    NUMBERS: Param[int]
    CAPACITY: Param[int]
    sending: StateVar[int]
    sender_bit: StateVar[bool]
    taken: StateVar[int]
    expected_bit: StateVar[bool]
    packets: StateVar[list[Packet]]
    confirmations: StateVar[list[bool]]
    lost: StateVar[bool]


@action(init=True)
def init(c: Context[Line]):
    """Message 0 is to be sent, the one before it was taken, nothing is under way."""
    s = c.state
    s.sending = 0
    s.sender_bit = False
    s.taken = s.NUMBERS - 1
    s.expected_bit = False
    s.packets = List(Packet)
    s.confirmations = List(bool)
    s.lost = False


@action(inline=False)
def sends(c: Context[Line]):
    """The sender sends its message, perhaps not for the first time."""
    s = c.state
    c.assume(s.packets.size < s.CAPACITY)
    s.packets += List(Packet(bit=s.sender_bit, number=s.sending))


@action(inline=False)
def loses(c: Context[Line], way: Annotated[Expr, Way], place: Annotated[Expr, int]):
    """A channel loses a message, or a confirmation."""
    s = c.state
    if way == Way.FORTH:
        c.assume(place < s.packets.size)
        s.packets = s.packets[:place] + s.packets[place + 1 :]
    else:
        c.assume(place < s.confirmations.size)
        s.confirmations = s.confirmations[:place] + s.confirmations[place + 1 :]
    s.lost = True


@action(inline=False)
def takes(c: Context[Line]):
    """The receiver gets a message: it takes it, or throws it away for its bit."""
    s = c.state
    c.assume(~s.packets.is_empty)
    packet = s.packets[0]
    if packet.bit == s.expected_bit:
        s.taken = packet.number
        s.expected_bit = ~s.expected_bit
    s.packets = s.packets[1:]


@action(inline=False)
def confirms(c: Context[Line]):
    """The receiver confirms what it took last, perhaps not for the first time."""
    s = c.state
    c.assume(s.confirmations.size < s.CAPACITY)
    s.confirmations += List(~s.expected_bit)


@action(inline=False)
def hears(c: Context[Line]):
    """The sender gets a confirmation: of its present message, so it goes on; or of an earlier one."""
    s = c.state
    c.assume(~s.confirmations.is_empty)
    if s.confirmations[0] == s.sender_bit:
        s.sending = (s.sending + 1) % s.NUMBERS
        s.sender_bit = ~s.sender_bit
    s.confirmations = s.confirmations[1:]


@action
def step(c: Context[Line]):
    """One step of either end or of a channel."""
    s = c.state
    send, lose, take, confirm, hear = c.alternatives("send", "lose", "take", "confirm", "hear")
    with send:
        sends(c)
    with (
        lose,
        c.one_of(Set(Way.FORTH, Way.BACK), "way") as way,
        c.one_of(Interval(0, s.CAPACITY - 1), "place") as place,
    ):
        loses(c, way, place)
    with take:
        takes(c)
    with confirm:
        confirms(c)
    with hear:
        hears(c)


@invariant
def each_once_and_in_order(s: Line):
    """What was taken last is the message that is being sent, or the one before it."""
    return (s.taken == s.sending) | (s.taken == (s.sending - 1) % s.NUMBERS)


@invariant
def the_bits_tell_which(s: Line):
    """Where the sender's bit is the expected one, its message was not yet taken."""
    return (s.sender_bit == s.expected_bit) == (s.taken != s.sending)


@expr
def numbers(s: Line):
    """All numbers of messages."""
    return Interval(0, s.NUMBERS - 1)


def ends_keep_running():
    """Sender and receiver go on sending and confirming."""
    return AndT(WeakFair(sends), WeakFair(confirms))


def everything_arrives(s: Line):
    """Every message that is being sent is taken, and the next one is sent."""
    arrives = Forall(LeadsTo(s.sending == number, s.taken == number) for number in numbers(s))
    goes_on = Forall(LeadsTo(s.sending == number, s.sending != number) for number in numbers(s))
    return arrives & goes_on


@temporal
def everything_arrives_if_losses_are_fair(s: Line):
    """Where the channels deliver in the end if they get ever new chances to."""
    return ImpliesT(AndT(ends_keep_running(), StrongFair(takes), StrongFair(hears)), everything_arrives(s))


@temporal
def everything_arrives_if_one_way_is_fair(s: Line):
    """A channel back that may lose everything is one too many."""
    return ImpliesT(AndT(ends_keep_running(), StrongFair(takes), WeakFair(hears)), everything_arrives(s))


@temporal
def everything_arrives_in_spite_of_any_loss(s: Line):
    """That no end stops is not enough: what is lost each time is never there to be taken for long."""
    return ImpliesT(AndT(ends_keep_running(), WeakFair(takes), WeakFair(hears)), everything_arrives(s))


@example
def two_are_under_way(s: Line):
    """`sends` happens, again."""
    return s.packets.size == 2


@example
def something_is_lost(s: Line):
    """`loses` happens."""
    return s.lost


@example
def one_is_taken(s: Line):
    """`takes` happens."""
    return s.taken == 0


@example
def one_is_confirmed_twice(s: Line):
    """`confirms` happens, again, before anybody has heard."""
    return (s.confirmations.size == 2) & (s.taken == 0) & s.confirmations.forall(lambda bit: ~bit)


@example
def the_next_is_sent(s: Line):
    """`hears` happens: nothing is under way, and message 1 is to be sent."""
    return (s.sending == 1) & s.packets.is_empty & s.confirmations.is_empty


@example
def an_old_one_is_still_under_way(s: Line):
    """The bit is needed: a message comes a second time after the next one was begun."""
    return (s.sending == 1) & s.packets.exists(lambda packet: packet.number == 0)


@instance
def small() -> Line:
    """Three numbers, two messages in each channel."""
    return Line(NUMBERS=3, CAPACITY=2)


@instance
def wide() -> Line:
    """Seven numbers, three messages in each channel."""
    return Line(NUMBERS=7, CAPACITY=3)
