from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervise.machines.couples import Couples


def test_a_program_without_a_relay_frees_its_slot():
    assert Couples().program_ended(7) is None


def test_a_relay_that_outlives_its_program_holds_the_slot():
    couples = Couples()
    couples.join(7, 8)
    assert couples.program_ended(7) == 8
    assert couples.relay_ended(8)
    assert not couples.relay_ended(8)


def test_a_relay_that_ends_first_leaves_the_slot_to_its_program():
    couples = Couples()
    couples.join(7, 8)
    assert not couples.relay_ended(8)
    assert couples.program_ended(7) is None


def test_strangers_hold_no_slot():
    assert not Couples().relay_ended(9)


@given(st.permutations([(program, kind) for program in (2, 4, 6) for kind in (0, 1)]))
def test_each_couple_frees_one_slot_and_with_its_last_end(order):
    couples = Couples()
    for program in (2, 4, 6):
        couples.join(program, program + 1)
    seen, freed = [], []
    for program, kind in order:
        if couples.relay_ended(program + 1) if kind else couples.program_ended(program) is None:
            freed.append(program)
        seen.append(program)
        assert (program in freed) == (seen.count(program) == 2)
    assert (couples.relays, couples.programs, couples.alone) == ({}, {}, set())
