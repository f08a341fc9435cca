from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from supervise.formats import adoption
from supervise.formats.adoption import Birth, File, Memory
from supervise.formats.status import DOWN, ONCE, UP, Status
from supervise.formats.tai64 import EPOCH, Tai64n
from supervise.machines.moment import Moment
from supervise.machines.service import (
    CONTROLS,
    DRAIN_ORDER,
    FORK_PAUSE,
    LONGEST_FORK_PAUSE,
    RESTART_PAUSE,
    STOP_ORDER,
    YOUNG,
    Service,
)
from supervise.machines.serviceeffects import (
    AwaitRest,
    Effect,
    Exit,
    Publish,
    Signal,
    SignalRest,
    Spawn,
    Sweep,
)

HUP, INT, KILL, ALRM, TERM, CONT, STOP = 1, 2, 9, 14, 15, 18, 19
KILLED = 9  # raw wait statuses: by a signal, and with exit code 1
FAILED = 1 << 8
SWEEP = [SignalRest(TERM), SignalRest(CONT), AwaitRest()]  # what the child left is told to go


def at(t: float) -> Moment:
    return Moment(1000.0 + t, Tai64n(EPOCH, round(t * 1000)))


def published(since: float, pid: int | None, want: bytes, paused: bool = False) -> Publish:
    return Publish(Status(at(since).tai, pid, paused, want))


def idle(normally_up: bool = False) -> Service:
    """No child yet; normally down, so that it waits to be told."""
    return Service(at(0), normally_up)


def running(want: bytes = UP) -> Service:
    """Pid 7, since 0."""
    service = Service(at(0), normally_up=True)
    service.started(7, at(0))
    service.want = want
    return service


def obey(service: Service, letters: bytes, t: float) -> list[Effect]:
    """Commands, as the driver gives them: nothing is read after an Exit."""
    effects: list[Effect] = []
    for letter in letters:
        if Exit() in effects:
            break
        effects += service.command(bytes([letter]), at(t))
    return effects


# The beginning.


def test_a_service_that_is_normally_up_starts_at_once():
    service = idle(normally_up=True)
    assert service.status == Status(at(0).tai, None, False, UP)
    assert service.deadline == at(0).monotonic
    assert service.tick(at(0)) == [Spawn()]
    assert service.started(7, at(0.1)) == [published(0.1, 7, UP)]
    assert service.deadline is None


def test_a_service_that_is_normally_down_waits_to_be_told():
    service = idle()
    assert service.status == Status(at(0).tai, None, False, DOWN)
    assert service.deadline is None
    assert service.tick(at(100)) == []
    assert service.command(b"u", at(100)) == [published(0, None, UP), Spawn()]


# A supervise that was killed, and the next one.

memories = st.builds(
    Memory,
    st.builds(
        Status,
        st.builds(Tai64n, st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1)),
        st.none() | st.integers(1, adoption.HIGHEST_PID),
        st.booleans(),
        st.sampled_from([UP, DOWN, ONCE]),
    ),
    st.floats(allow_nan=False, allow_infinity=False),
    *[st.booleans()] * 4,
)


def resumed(before: Service, t: float) -> Service:
    service = Service(at(t), normally_up=True)
    stop = [Signal(STOP)] if before.paused else []
    assert service.resume(before.memory, at(t)) == [Publish(before.status), *stop]
    return service


def test_the_child_of_a_killed_supervise_is_not_started_again():
    service = resumed(running(), 5)
    assert service.status == Status(at(0).tai, 7, False, UP)
    assert (service.deadline, service.tick(at(6))) == (None, [])
    assert service.command(b"t", at(7)) == [Signal(TERM)]
    assert service.exited(KILLED, at(8)) == [published(8, None, UP), Spawn()]


def test_what_was_wanted_stays_wanted():
    before = running()
    obey(before, b"dp", 1)
    service = resumed(before, 2)
    assert service.status == Status(at(0).tai, 7, True, DOWN)
    assert service.exited(None, at(3)) == [published(3, None, DOWN)]
    assert resumed(service, 4).tick(at(100)) == [], "though it is normally up"


def test_a_pause_between_two_starts_goes_on():
    before = running()
    before.exited(0, at(0.25))
    service = resumed(before, 0.5)
    assert service.deadline == at(1).monotonic


def test_a_start_that_was_asked_for_is_still_to_come():
    before = running(DOWN)
    before.exited(0, at(0.25))
    obey(before, b"ox", 0.5)
    service = resumed(before, 0.75)
    assert service.tick(at(1)) == [Spawn()]
    service.started(8, at(1))
    assert service.exited(0, at(1.5)) == [published(1.5, None, ONCE), Exit()]


def test_a_service_that_was_left_behind_when_its_supervise_had_to_go_is_left_again():
    before = running(DOWN)
    obey(before, b"x", 1)
    before.exited(0, at(2))
    service = Service(at(3), normally_up=True)
    assert service.resume(before.memory, at(3)) == [Publish(before.status), Exit()]


def test_a_logger_that_was_to_drain_reads_to_the_end_under_the_next():
    before = running()
    before.drain(at(1))
    service = resumed(before, 2)
    assert service.exited(None, at(3)) == [published(3, None, UP), Spawn()]
    service.started(8, at(3))
    assert service.exited(0, at(4)) == [published(4, None, UP), *SWEEP]


def test_a_service_that_was_to_be_stopped_leaves_nothing_behind_under_the_next():
    before = running()
    before.stop(at(1))
    service = resumed(before, 2)
    assert service.exited(TERM, at(3)) == [published(3, None, DOWN), *SWEEP]
    sweeping = Service(at(4), normally_up=True)
    assert sweeping.resume(service.memory, at(4)) == [published(3, None, DOWN), *SWEEP]


@given(memories, st.sampled_from(sorted(CONTROLS)))
def test_whatever_a_record_says_the_service_goes_on(memory, letter):
    """Somebody may have made one, with a checksum that is right."""
    service = Service(at(0), normally_up=True)
    effects = service.resume(memory, at(0))
    assert effects[0] == Publish(memory.status)
    assert service.deadline is None or service.deadline <= at(RESTART_PAUSE).monotonic
    if Exit() not in effects:
        service.command(letter, at(1))
        assert service.pid is None or service.exited(None, at(2))
    assert adoption.unpack(adoption.pack(service.memory, Birth(bytes(16), 0), File(0, 0)))


def test_a_start_in_the_future_delays_nothing():
    memory = running().memory._replace(started_at=at(1000).monotonic)
    service = Service(at(0), normally_up=True)
    service.resume(memory, at(0))
    service.exited(0, at(0.5))
    assert service.deadline == at(1).monotonic


# Restarts.


def test_a_service_that_dies_at_once_waits_a_second_from_its_start():
    service = running()
    assert service.exited(0, at(0.25)) == [published(0.25, None, UP)]
    assert service.deadline == at(1).monotonic
    assert service.tick(at(0.999)) == []
    assert service.tick(at(1)) == [Spawn()]


def test_a_service_that_lived_a_second_is_started_at_once_after_its_death_is_published():
    service = running()
    assert service.exited(KILLED, at(1)) == [published(1, None, UP), Spawn()]


@pytest.mark.parametrize("letter", [b"u", b"o"])
def test_a_command_does_not_shorten_the_pause(letter):
    service = running(DOWN)
    service.exited(0, at(0.25))
    assert Spawn() not in service.command(letter, at(0.5))
    assert service.deadline == at(1).monotonic
    assert service.tick(at(1)) == [Spawn()]


def test_up_once_and_dead_then_once_again_waits_too():
    """The case that hypothesis found in a first sketch of this machine."""
    service = idle()
    obey(service, b"o", 0)
    service.started(7, at(0))
    service.exited(0, at(0.1))
    assert obey(service, b"o", 0.2) == [published(0.1, None, ONCE)]
    assert service.tick(at(1)) == [Spawn()]


def test_commands_are_obeyed_during_the_pause():
    service = running()
    service.exited(0, at(0.25))
    assert service.command(b"d", at(0.5)) == [published(0.25, None, DOWN)]
    assert service.deadline is None


def test_failed_forks_are_tried_again_after_growing_pauses():
    service = idle(normally_up=True)
    pauses = []
    t = 0.0
    for _ in range(8):
        assert service.tick(at(t)) == [Spawn()]
        assert service.not_started(at(t)) == []
        assert service.deadline is not None
        pauses.append(service.deadline - at(t).monotonic)
        t += pauses[-1]
    assert pauses == [FORK_PAUSE, 2, 4, 8, 16, 32, LONGEST_FORK_PAUSE, LONGEST_FORK_PAUSE]
    service.started(7, at(t))
    assert service.fork_pause == FORK_PAUSE


def test_a_failed_fork_leaves_time_for_commands():
    service = idle(normally_up=True)
    service.not_started(at(0))
    assert service.command(b"u", at(0.5)) == [published(0, None, UP)]
    assert obey(service, b"dx", 0.5) == [published(0, None, DOWN), published(0, None, DOWN), Exit()]


# Every control byte, with a child and without.

UP_TABLE = {
    b"d": [Signal(TERM), Signal(CONT), published(0, 7, DOWN)],
    b"u": [published(0, 7, UP)],
    b"o": [published(0, 7, ONCE)],
    b"p": [published(0, 7, UP, paused=True), Signal(STOP)],
    b"c": [Signal(CONT), published(0, 7, UP)],
    b"h": [Signal(HUP)],
    b"a": [Signal(ALRM)],
    b"i": [Signal(INT)],
    b"t": [Signal(TERM)],
    b"k": [Signal(KILL), SignalRest(KILL)],
    b"x": [published(0, 7, UP)],
}
DOWN_TABLE = {
    b"d": [published(0, None, DOWN)],
    b"u": [published(0, None, UP), Spawn()],
    b"o": [published(0, None, ONCE), Spawn()],
    b"p": [published(0, None, DOWN)],
    b"c": [published(0, None, DOWN)],
    b"h": [],
    b"a": [],
    b"i": [],
    b"t": [],
    b"k": [SignalRest(KILL)],
    b"x": [published(0, None, DOWN), Exit()],
}


def test_both_tables_have_every_control_byte():
    assert set(UP_TABLE) == set(DOWN_TABLE) == set(CONTROLS) - {STOP_ORDER, DRAIN_ORDER}


@pytest.mark.parametrize("letter", UP_TABLE)
def test_a_command_to_a_running_service(letter):
    assert running().command(letter, at(5)) == UP_TABLE[letter]


@pytest.mark.parametrize("letter", DOWN_TABLE)
def test_a_command_to_a_service_that_is_down(letter):
    assert idle().command(letter, at(5)) == DOWN_TABLE[letter]


@pytest.mark.parametrize("letter", [bytes([n]) for n in range(256) if bytes([n]) not in CONTROLS])
def test_any_other_byte_is_ignored(letter):
    service = running()
    assert service.command(letter, at(5)) == []
    assert vars(service) == vars(running())


# The sequences that were checked with the original.


def test_pause_while_down_is_cleared_by_the_start():
    service = idle()
    assert obey(service, b"pu", 1) == [published(0, None, DOWN), published(0, None, UP), Spawn()]
    assert service.started(7, at(1)) == [published(1, 7, UP)]


def test_once_while_up_means_no_restart():
    service = running()
    obey(service, b"o", 1)
    assert service.exited(0, at(5)) == [published(5, None, ONCE)]
    assert service.deadline is None


def test_down_to_a_child_that_ignores_it_then_up():
    service = running()
    obey(service, b"d", 2)
    assert obey(service, b"u", 3) == [published(0, 7, UP)]
    assert service.exited(0, at(4)) == [published(4, None, UP), Spawn()]


def test_down_continues_a_paused_service():
    service = running()
    obey(service, b"p", 2)
    assert obey(service, b"d", 3) == [Signal(TERM), Signal(CONT), published(0, 7, DOWN)]


def test_term_does_not_continue_a_paused_service():
    service = running()
    obey(service, b"p", 2)
    assert obey(service, b"t", 3) == [Signal(TERM)]
    assert service.status.paused
    assert obey(service, b"c", 4) == [Signal(CONT), published(0, 7, UP)]
    assert service.exited(TERM, at(4)) == [published(4, None, UP), Spawn()]


def test_a_paused_service_that_is_killed_restarts_unpaused():
    service = running()
    obey(service, b"pk", 2)
    assert service.exited(KILLED, at(2)) == [published(2, None, UP), Spawn()]
    assert service.started(8, at(2)) == [published(2, 8, UP)]


def test_exit_cannot_be_taken_back():
    service = running()
    obey(service, b"xu", 2)
    assert service.exited(0, at(3)) == [published(3, None, UP), Exit()]


def test_exit_then_up_in_one_write_while_down_never_reads_the_up():
    assert obey(idle(), b"xu", 1) == [published(0, None, DOWN), Exit()]


def test_up_then_exit_in_one_write_while_down_starts_and_leaves_with_the_child():
    service = idle()
    assert obey(service, b"ux", 1)[:2] == [published(0, None, UP), Spawn()]
    service = idle()
    service.command(b"u", at(1))
    service.started(7, at(1))
    service.command(b"x", at(1))
    assert service.exited(0, at(5)) == [published(5, None, UP), Exit()]


def test_once_then_exit_during_the_pause_still_starts():
    service = running(DOWN)
    service.exited(0, at(0.5))
    assert obey(service, b"ox", 0.6) == [published(0.5, None, ONCE)] * 2
    assert service.tick(at(1)) == [Spawn()]
    service.started(8, at(1))
    assert service.exited(0, at(1.5)) == [published(1.5, None, ONCE), Exit()]


def test_an_automatic_restart_does_not_keep_an_exit_waiting():
    service = running()
    service.exited(0, at(0.5))
    assert obey(service, b"x", 0.6) == [published(0.5, None, UP), Exit()]


def test_down_and_exit_is_the_normal_way_to_leave():
    service = running()
    assert obey(service, b"dx", 2) == [
        Signal(TERM),
        Signal(CONT),
        published(0, 7, DOWN),
        published(0, 7, DOWN),
    ]
    assert service.exited(TERM, at(3)) == [published(3, None, DOWN), Exit()]


def test_down_takes_back_the_start_that_an_exit_waits_for():
    service = running(DOWN)
    service.exited(0, at(0.5))
    obey(service, b"ux", 0.6)
    assert obey(service, b"d", 0.7) == [published(0.5, None, DOWN), Exit()]


def test_the_stamp_changes_with_the_pid_only():
    service = running()
    assert obey(service, b"pcdu", 9)[-1] == published(0, 7, UP)
    assert service.exited(0, at(10))[0] == published(10, None, UP)


# A log that appears.


def test_a_young_service_is_restarted_for_a_log_that_appears():
    assert running().log_appeared(at(YOUNG - 0.1)) == [Signal(TERM)]


def test_an_old_service_is_not_disturbed_for_a_log_that_appears():
    assert running().log_appeared(at(YOUNG)) == []


def test_a_service_that_is_down_needs_nothing_for_a_log_that_appears():
    assert idle().log_appeared(at(0)) == []


# Draining, for a log service whose writer is gone.


def test_a_logger_that_reads_to_the_end_leaves():
    service = running()
    assert service.drain(at(5)) == [published(0, 7, UP)]
    assert service.exited(0, at(6)) == [published(6, None, UP), *SWEEP]


def test_a_logger_that_crashes_on_the_way_is_started_again():
    service = running()
    service.drain(at(5))
    assert service.exited(KILLED, at(6)) == [published(6, None, UP), Spawn()]
    service.started(8, at(6))
    assert service.exited(FAILED, at(6.5)) == [published(6.5, None, UP)]
    assert service.tick(at(7)) == [Spawn()]
    service.started(9, at(7))
    assert service.exited(0, at(7.1)) == [published(7.1, None, UP), *SWEEP]


def test_a_logger_between_two_starts_is_started_to_drain():
    service = running()
    service.exited(FAILED, at(0.5))
    assert service.drain(at(0.6)) == [published(0.5, None, UP)]
    assert service.tick(at(1)) == [Spawn()]


@pytest.mark.parametrize("want", [DOWN, ONCE])
def test_a_logger_that_nobody_wants_up_leaves_without_draining(want):
    service = running(want)
    service.exited(0, at(2))
    assert service.drain(at(3)) == [published(2, None, want), *SWEEP]


def test_a_crashed_logger_that_is_told_down_while_it_drains_leaves():
    service = running()
    service.drain(at(0.1))
    service.exited(KILLED, at(0.5))
    assert obey(service, b"d", 0.6) == [published(0.5, None, DOWN), *SWEEP]


def test_a_draining_logger_that_is_told_down_leaves_however_it_ends():
    service = running()
    service.drain(at(1))
    obey(service, b"d", 2)
    assert service.exited(TERM, at(3)) == [published(3, None, DOWN), *SWEEP]


def test_a_service_that_is_stopped_leaves_nothing_behind():
    service = running()
    assert service.stop(at(3)) == [Signal(TERM), Signal(CONT), published(0, 7, DOWN)]
    assert service.exited(TERM, at(4)) == [published(4, None, DOWN), *SWEEP]
    assert service.deadline is None
    assert obey(service, b"k", 5) == [SignalRest(KILL), AwaitRest()]
    assert obey(service, b"x", 5) == [published(4, None, DOWN)]
    assert obey(service, b"u", 5) == [published(4, None, UP)]
    assert service.tick(at(100)) == []
    assert service.rest_gone(at(100)) == [Exit()]


def test_what_an_earlier_child_left_behind_is_stopped_too():
    service = running(DOWN)
    service.exited(0, at(1))
    assert service.stop(at(2)) == [published(1, None, DOWN), *SWEEP]


def test_a_service_that_is_told_down_and_exit_leaves_the_rest_alone():
    service = running()
    obey(service, b"dx", 1)
    assert service.exited(TERM, at(2)) == [published(2, None, DOWN), Exit()]


# With a file kill-all.


def killing_all(want: bytes = UP) -> Service:
    """As running, where all that descends from the service is to go with it."""
    service = running(want)
    service.kill_all = True
    return service


def test_nothing_of_one_run_is_left_when_the_next_one_starts():
    service = killing_all()
    assert service.exited(KILLED, at(5)) == [published(5, None, UP), Sweep()]
    assert (service.deadline, service.tick(at(6))) == (None, [])
    assert service.rest_gone(at(7)) == [Spawn()]


def test_the_pause_between_two_starts_counts_from_the_start_all_the_same():
    service = killing_all()
    service.exited(KILLED, at(0.25))
    assert service.rest_gone(at(0.5)) == []
    assert service.deadline == at(1).monotonic


def test_kill_means_all():
    service = killing_all()
    assert service.command(b"k", at(1)) == [Sweep()]
    assert service.exited(KILLED, at(2)) == [published(2, None, UP), Sweep()]
    assert service.rest_gone(at(3)) == [Spawn()]
    assert killing_all(DOWN).command(b"k", at(1)) == [Sweep()]


def test_all_can_be_gone_before_the_end_of_an_adopted_child_is_told():
    service = killing_all()
    service.command(b"k", at(1))
    assert service.rest_gone(at(2)) == []
    assert service.exited(KILLED, at(3)) == [published(3, None, UP), Sweep()]
    assert service.rest_gone(at(4)) == [Spawn()]


@pytest.mark.parametrize("letters", [b"d", b"o"])
def test_a_service_that_stays_down_leaves_nothing_behind(letters):
    service = killing_all()
    obey(service, letters, 1)
    assert Sweep() in service.exited(TERM, at(2))
    assert service.rest_gone(at(3)) == []
    assert service.command(b"x", at(4))[-1] == Exit(), "it was swept already"


def test_one_that_is_told_down_and_exit_leaves_nothing_behind():
    service = killing_all()
    obey(service, b"dx", 1)
    assert service.exited(TERM, at(2)) == [published(2, None, DOWN), Sweep()]
    assert service.rest_gone(at(3)) == [Exit()]


def test_nor_does_one_that_is_stopped():
    service = killing_all()
    service.stop(at(1))
    assert service.exited(TERM, at(2)) == [published(2, None, DOWN), Sweep()]
    assert obey(service, b"k", 2.5) == [Sweep()]
    assert service.rest_gone(at(3)) == [Exit()]


def test_the_file_may_come_when_the_service_is_down_already():
    service = running(DOWN)
    service.exited(0, at(1))
    service.kill_all = True
    assert service.command(b"x", at(2)) == [published(1, None, DOWN), Sweep()]
    assert service.rest_gone(at(3)) == [Exit()]


def test_what_is_asked_for_meanwhile_comes_afterwards():
    service = killing_all(DOWN)
    service.exited(0, at(5))
    assert service.command(b"o", at(6)) == [published(5, None, ONCE)]
    assert service.command(b"x", at(6)) == [published(5, None, ONCE)]
    assert service.rest_gone(at(7)) == [Spawn()]
    service.started(8, at(7))
    assert service.exited(0, at(8)) == [published(8, None, ONCE), Sweep()]
    assert service.rest_gone(at(9)) == [Exit()]


@pytest.mark.parametrize("letter", [b"u", b"o"])
def test_what_is_asked_of_one_that_is_on_its_way_out_comes_too_late(letter):
    service = killing_all()
    obey(service, b"dx", 1)
    service.exited(TERM, at(2))
    service.command(letter, at(3))
    assert service.rest_gone(at(4)) == [Exit()]


def test_a_logger_that_crashes_while_it_drains_is_swept_and_started_again():
    service = killing_all()
    service.drain(at(5))
    assert service.exited(KILLED, at(6)) == [published(6, None, UP), Sweep()]
    assert service.rest_gone(at(7)) == [Spawn()]
    service.started(8, at(7))
    assert service.exited(0, at(8)) == [published(8, None, UP), Sweep()]
    assert service.rest_gone(at(9)) == [Exit()]


@pytest.mark.parametrize("leaving", [False, True])
def test_a_sweep_that_a_killed_supervise_was_at_is_begun_again(leaving):
    before = killing_all()
    if leaving:
        obey(before, b"dx", 1)
    before.exited(KILLED, at(2))
    service = Service(at(3), normally_up=True)
    service.kill_all = True
    assert service.resume(before.memory, at(3)) == [Publish(before.status), Sweep()]
    assert service.rest_gone(at(4)) == [Exit() if leaving else Spawn()]


def test_one_that_crashed_as_it_drained_leaves_when_it_is_stopped_before_it_starts_again():
    service = Service(at(0), True)
    service.tick(at(0))
    service.started(7, at(0))
    service.drain(at(0))
    service.exited(KILLED, at(0))
    assert service.stop(at(0.5))[-1] == AwaitRest()
    assert service.rest_gone(at(0.6)) == [Exit()]


class Life(RuleBasedStateMachine):
    """Any commands and any fate: what must always hold."""

    def __init__(self) -> None:
        super().__init__()
        self.t = 0.0
        self.child: int | None = None
        self.pids = 100
        self.starts: list[float] = []
        self.over = False
        self.told_to_leave = False
        self.sweeping = False

    @initialize(normally_up=st.booleans())
    def begin(self, normally_up: bool) -> None:
        self.service = Service(at(0), normally_up)
        self.record = self.service.status
        self.kept = self.service.memory

    def perform(self, effects: list[Effect], state_command: bool = False) -> None:
        """Be the driver, and check what it is asked."""
        assert not self.over, "nothing after Exit"
        assert Exit() not in effects[:-1]
        assert effects.count(Spawn()) <= 1
        changed = self.changes_published(effects)
        assert changed or state_command or not any(isinstance(one, Publish) for one in effects)
        for effect in effects:
            match effect:
                case Publish():
                    self.kept = self.service.memory
                case Spawn():
                    assert self.child is None, "never two children"
                    self.starts.append(self.t)
                    self.answer_spawn()
                case Signal():
                    assert self.child is not None, "a signal only to a living child"
                case SignalRest(number):
                    assert self.child is None or number == KILL, "it says itself what they are told"
                case AwaitRest() | Sweep():
                    self.sweeping = True
                case Exit():
                    assert self.child is None
                    assert self.told_to_leave
                    self.over = True

    def changes_published(self, effects: list[Effect]) -> bool:
        before = self.record
        for effect in effects:
            if isinstance(effect, Publish):
                self.record = effect.status
        return self.record != before

    def answer_spawn(self) -> None:
        if self.fork_fails:
            self.starts.pop()
            self.perform(self.service.not_started(at(self.t)))
        else:
            self.pids += 1
            self.child = self.pids
            self.perform(self.service.started(self.child, at(self.t)))

    fork_fails = False

    @precondition(lambda self: not self.over)
    @rule(letter=st.sampled_from(sorted(CONTROLS)) | st.binary(min_size=1, max_size=1))
    def command(self, letter: bytes) -> None:
        self.told_to_leave |= letter in (b"x", STOP_ORDER, DRAIN_ORDER)
        effects = self.service.command(letter, at(self.t))
        published = [effect for effect in effects if isinstance(effect, Publish)]
        assert len(published) == (letter in b"duopcx" + STOP_ORDER + DRAIN_ORDER)
        self.perform(effects, state_command=True)

    @precondition(lambda self: not self.over)
    @rule()
    def drain(self) -> None:
        self.told_to_leave = True
        self.perform(self.service.drain(at(self.t)), state_command=True)

    @precondition(lambda self: not self.over)
    @rule()
    def stop(self) -> None:
        self.told_to_leave = True
        self.perform(self.service.stop(at(self.t)), state_command=True)

    @precondition(lambda self: not self.over and self.sweeping)
    @rule()
    def rest_is_gone(self) -> None:
        self.sweeping = False
        self.perform(self.service.rest_gone(at(self.t)))

    @precondition(lambda self: not self.over)
    @rule()
    def log_appears(self) -> None:
        self.perform(self.service.log_appeared(at(self.t)))

    @precondition(lambda self: not self.over and self.child is not None)
    @rule(status=st.sampled_from([0, KILLED, FAILED]))
    def child_ends(self, status: int) -> None:
        self.child = None
        self.perform(self.service.exited(status, at(self.t)))

    @precondition(lambda self: not self.over)
    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 3.0, 100.0]))
    def time_passes(self, seconds: float) -> None:
        self.t += seconds
        self.perform(self.service.tick(at(self.t)))

    @precondition(lambda self: not self.over and self.service.deadline is not None)
    @rule()
    def the_deadline_comes(self) -> None:
        self.t = max(self.t, self.service.deadline - 1000.0)
        starts, failing = len(self.starts), self.fork_fails
        self.perform(self.service.tick(at(self.t)))
        assert failing or len(self.starts) == starts + 1, "a deadline has something to do"

    @rule(exists=st.booleans())
    def kill_all(self, exists: bool) -> None:
        self.service.kill_all = exists

    @precondition(lambda self: not self.over)
    @rule(normally_up=st.booleans(), seconds=st.sampled_from([0.0, 0.3, 2.0]))
    def supervise_is_killed_and_replaced(self, normally_up: bool, seconds: float) -> None:
        self.t += seconds
        self.sweeping = False  # what it was told by svscan, svscan must say again
        kill_all = self.service.kill_all
        self.service = Service(at(self.t), normally_up)
        self.service.kill_all = kill_all
        self.perform(self.service.resume(self.kept, at(self.t)), state_command=True)
        if not self.over:
            self.perform(self.service.tick(at(self.t)))

    @rule(fails=st.booleans())
    def kernel(self, fails: bool) -> None:
        self.fork_fails = fails

    @invariant()
    def two_starts_are_a_pause_apart(self) -> None:
        pairs = zip(self.starts, self.starts[1:], strict=False)
        assert all(later - earlier >= RESTART_PAUSE - 1e-9 for earlier, later in pairs)

    @invariant()
    def everybody_knows_the_state(self) -> None:
        assert self.record == self.service.status
        assert self.record.pid == self.child
        assert self.kept == self.service.memory, "it changes with a Publish and nothing else"
        assert not (self.record.paused and self.child is None)

    @invariant()
    def never_stuck(self) -> None:
        if self.over or self.child is not None:
            assert self.over or self.service.deadline is None
        elif self.sweeping:
            assert self.service.deadline is None, "what awaits the rest starts nothing"
        elif self.service.want == UP or self.told_to_leave:
            assert self.service.deadline is not None


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=150, stateful_step_count=40)
