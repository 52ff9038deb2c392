"""Unique pupil numbers and unique learner numbers with the right check character (sources-education, section 5)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dagster_project.synthetic.care import Child
from dagster_project.synthetic.draws import Flags, Ints

UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
#: What the return has in place of a number for children too young or newly arrived.
NO_UPN = frozenset({"UN1", "UN2", "UN3", "UN4", "UN5", ""})


def upn_check_letter(rest: str) -> str:
    """Return the letter that belongs before the twelve characters of a number; a final letter counts as its place."""
    values = [int(mark) if mark.isdigit() else UPN_LETTERS.index(mark) for mark in rest]
    return UPN_LETTERS[sum(value * place for place, value in enumerate(values, start=2)) % 23]


def upns(digits: Ints, *, temporary: Flags, wrong: Flags) -> list[str]:
    """Return the number of each pupil as text.

    Args:
        digits: Twelve digits each.
        temporary: Whether the last digit gives way to a letter, as in a number that is not yet for life.
        wrong: Whether the check letter is the one after the right one.
    """
    # Any letter may end a temporary number; it counts as its place in the alphabet.
    last = np.where(temporary, (digits // 10 + digits) % 23, digits % 10)
    total = last * 13
    rest = digits // 10
    for place in range(12, 1, -1):
        total = total + (rest % 10) * place
        rest = rest // 10
    letters = (total + wrong) % 23
    return [
        f"{UPN_LETTERS[letter]}{number // 10:011d}{UPN_LETTERS[end] if is_temporary else end}"
        for letter, number, end, is_temporary in zip(
            letters.tolist(), digits.tolist(), last.tolist(), temporary.tolist(), strict=True
        )
    ]


def ulns(numbers: Ints) -> list[str]:
    """Return a learner number for each whole number below ninety million, different ones for different numbers.

    Nine digits weighted ten to two leave a remainder modulo eleven, which must not be nought; the last digit is ten
    less it. For given eight digits at most one ninth digit leaves nought, and then the next one is taken.
    """
    eight = 10_000_000 + numbers
    total = np.zeros(len(numbers), dtype=np.int64)
    rest = eight
    for weight in range(3, 11):
        total = total + (rest % 10) * weight
        rest = rest // 10
    ninth = numbers % 10
    ninth = np.where((total + 2 * ninth) % 11 == 0, (ninth + 1) % 10, ninth)
    last = 10 - (total + 2 * ninth) % 11
    return [f"{value}{digit}" for value, digit in zip((eight * 10 + ninth).tolist(), last.tolist(), strict=True)]


def with_check_letters(children: Sequence[Child]) -> list[Child]:
    """Return the children in care with the right check letter before the digits they have."""
    return [
        child if child.upn in NO_UPN else replace(child, upn=f"{upn_check_letter(child.upn[1:])}{child.upn[1:]}")
        for child in children
    ]
