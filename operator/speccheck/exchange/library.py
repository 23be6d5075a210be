r"""Operators that every exported module may define: what TLA+ has no word for, or another meaning.

TLC stops with an error where a definition below leaves a value open (a CASE without a true guard, a function applied
outside its domain, division by zero), and so keeps what speccheck calls undefined. The definitions that look
pointless (`e = e`) make TLC evaluate what it would otherwise leave alone: in speccheck an undefined value of any
element of a quantifier or comprehension is an error.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Operator:
    """A definition: its text, what it is for, and which others it needs."""

    text: str
    comment: str
    needs: tuple[str, ...] = ()


LIBRARY: dict[str, Operator] = {
    "When": Operator(
        "When(condition) == condition = TRUE",
        r"A condition of a step: an \/ or \E inside it is no choice between steps.",
    ),
    "Every": Operator(
        r"Every(values) == FALSE \notin values",
        r"As \A, but every element is evaluated, also after one that decides.",
    ),
    "Some": Operator(
        r"Some(values) == TRUE \in values",
        r"As \E, but every element is evaluated, also after one that decides.",
    ),
    "Defined": Operator("Defined(value) == value = value", "True; evaluates the value."),
    "Whole": Operator(
        "Whole(function) == IF function = function THEN function ELSE function",
        "The function; evaluates it for every argument.",
    ),
    "Listed": Operator(r"Listed(set) == { element : element \in set }", "The set; every element is made."),
    "Elements": Operator(r"Elements(list) == { list[place] : place \in DOMAIN list }", "What is in a list."),
    "Values": Operator(r"Values(map) == { map[key] : key \in DOMAIN map }", "What is in a map."),
    "Singles": Operator(r"Singles(set) == { <<element>> : element \in set }", "The tuples of one element of a set."),
    "ProperSubset": Operator(r"ProperSubset(a, b) == a \subseteq b /\ a # b", ""),
    "FloorDiv": Operator(
        r"FloorDiv(a, b) == IF b > 0 THEN a \div b ELSE (0 - a) \div (0 - b)",
        "Rounded down, whatever the signs; no value for 0.",
    ),
    "FloorMod": Operator(
        "FloorMod(a, b) == a - b * FloorDiv(a, b)", "The rest of FloorDiv: it has the sign of b.", ("FloorDiv",)
    ),
    "Power": Operator("Power(a, b) == IF b = 0 THEN 1 ELSE a ^ b", ""),
    "Replaced": Operator(
        r"Replaced(map, key, value) == CASE key \in DOMAIN map -> [map EXCEPT ![key] = value]",
        "The map with another value for a key it has; no value for a key it has not.",
    ),
    "ReplacedAt": Operator(
        r"ReplacedAt(list, place, value) == CASE place \in DOMAIN list -> [list EXCEPT ![place] = value]",
        "The list with another element at a place (from 1) it has; no value for a place it has not.",
    ),
    "Slice": Operator(
        "Slice(list, low, high) ==\n"
        r"  CASE low >= 0 /\ high >= 0 -> SubSeq(list, low + 1, IF high < Len(list) THEN high ELSE Len(list))",
        "The elements from place low + 1 to high, as far as there are; no value for a negative bound.",
    ),
    "Numbers": Operator(
        r"Numbers(low, high) == [place \in 1..(high - low) |-> low + place - 1]",
        "The list of the integers from low to below high.",
    ),
    "Place": Operator(
        r"Place(list, element) == CHOOSE place \in DOMAIN list : list[place] = element", "Where a list has an element."
    ),
}
"""By name; `needs` come before what needs them."""
