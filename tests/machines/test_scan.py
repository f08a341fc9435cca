from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from supervise.machines.scan import (
    KILL_AFTER,
    RENEWAL_GAP,
    RESTART_PAUSE,
    RETRY_PAUSE,
    TROUBLE,
    Scan,
)
from supervise.machines.scaneffects import (
    CloseWriter,
    Drain,
    Effect,
    Exit,
    Forget,
    HandOver,
    Identity,
    Kill,
    Look,
    MakePipe,
    Renew,
    Role,
    Start,
    Stop,
)
from supervise.machines.scanentries import TROUBLE_PAUSE

SMTPD, CLOCK = Identity(1, 11), Identity(1, 12)
KILLED = 9
MAIN: Role = "main"
LOG: Role = "log"


def at(t: float) -> float:
    return 1000.0 + t


def perform(scan: Scan, effects: list[Effect], t: float) -> list[Effect]:
    """Be a driver for which everything succeeds at once."""
    for effect in effects:
        match effect:
            case MakePipe(identity):
                scan.pipe_made(identity)
            case Start(identity, role):
                perform(scan, scan.started(identity, role, at(t)), t)
            case HandOver(identity):
                scan.handed_over(identity)
    return effects


def scanning(*services: Identity, has_log: bool = False) -> Scan:
    """These services run since 0."""
    scan = Scan()
    for identity in services:
        perform(scan, scan.named(identity, has_log, at(0)), 0)
    return scan


# A service comes.


def test_a_new_name_is_started():
    scan = Scan()
    assert scan.named(SMTPD, False, at(0)) == [Start(SMTPD, MAIN)]
    scan.started(SMTPD, MAIN, at(0))
    assert scan.deadline is None


def test_a_new_name_with_a_log_gets_a_pipe_first():
    scan = Scan()
    effects = scan.named(SMTPD, True, at(0))
    assert effects == [MakePipe(SMTPD), Start(SMTPD, MAIN), Start(SMTPD, LOG)]


def test_a_second_name_for_the_same_directory_is_the_same_service():
    scan = scanning(SMTPD)
    assert scan.named(SMTPD, False, at(1)) == []


def test_a_rename_changes_nothing():
    scan = scanning(SMTPD)
    assert scan.unnamed(SMTPD, at(1)) == []
    assert scan.named(SMTPD, False, at(1)) == []


def test_a_log_that_appears_is_started_and_the_pipe_handed_to_the_service():
    scan = scanning(SMTPD)
    effects = scan.named(SMTPD, True, at(9))
    assert effects == [MakePipe(SMTPD), Start(SMTPD, LOG), HandOver(SMTPD)]
    perform(scan, effects, 9)
    assert scan.exited(SMTPD, LOG, KILLED, at(20)) == [Start(SMTPD, LOG)]


def test_a_log_that_appears_while_the_service_is_between_two_starts_needs_no_hand_over():
    scan = scanning(SMTPD)
    scan.exited(SMTPD, MAIN, 0, at(0.5))
    effects = scan.named(SMTPD, True, at(0.6))
    assert effects == [MakePipe(SMTPD), Start(SMTPD, LOG)]
    perform(scan, effects, 0.6)
    assert perform(scan, scan.tick(at(1)), 1) == [Start(SMTPD, MAIN)]
    assert scan.exited(SMTPD, LOG, 0, at(2)) == [Start(SMTPD, LOG)]


def test_a_log_that_is_gone_stays_a_log():
    scan = scanning(SMTPD, has_log=True)
    assert scan.named(SMTPD, False, at(1)) == []
    assert scan.exited(SMTPD, LOG, 0, at(2)) == [Start(SMTPD, LOG)]


# Supervises end.


def test_a_supervise_that_ends_is_started_again_on_the_same_pipe():
    scan = scanning(SMTPD, has_log=True)
    assert scan.exited(SMTPD, MAIN, 0, at(5)) == [Start(SMTPD, MAIN)]


def test_a_supervise_that_ends_at_once_waits_a_second_from_its_start():
    scan = scanning(SMTPD)
    assert scan.exited(SMTPD, MAIN, KILLED, at(0.25)) == []
    assert scan.deadline == at(RESTART_PAUSE)
    assert scan.tick(at(0.9)) == []
    assert scan.tick(at(1)) == [Start(SMTPD, MAIN)]


def test_a_supervise_that_cannot_take_its_directory_waits_longer_each_time():
    scan = scanning(SMTPD)
    for pause in (1, 2, 4, TROUBLE_PAUSE, TROUBLE_PAUSE):
        assert scan.exited(SMTPD, MAIN, TROUBLE, at(60)) == []
        assert scan.deadline == at(60 + pause)
        assert scan.named(SMTPD, False, at(60.5)) == []
        perform(scan, scan.tick(at(60 + pause)), 60)
    perform(scan, scan.exited(SMTPD, MAIN, 0, at(90)), 90)
    assert scan.exited(SMTPD, MAIN, TROUBLE, at(99)) == []
    assert scan.deadline == at(100), "the first trouble since it could"


def test_a_start_that_fails_is_tried_again_after_a_growing_pause():
    scan = Scan()
    scan.named(SMTPD, False, at(0))
    for pause in (1, 2, 4, TROUBLE_PAUSE):
        scan.not_started(SMTPD, MAIN, at(0))
        assert scan.deadline == at(pause)
        assert scan.tick(at(pause)) == [Start(SMTPD, MAIN)]


def test_without_a_pipe_both_wait_and_the_pipe_is_tried_again():
    scan = Scan()
    scan.named(SMTPD, True, at(0))
    scan.not_started(SMTPD, MAIN, at(0))
    scan.not_started(SMTPD, LOG, at(0))
    assert scan.tick(at(5)) == [MakePipe(SMTPD), Start(SMTPD, MAIN), Start(SMTPD, LOG)]


def test_the_pause_of_one_does_not_hold_up_the_other():
    scan = scanning(SMTPD, has_log=True)
    scan.exited(SMTPD, MAIN, TROUBLE, at(10))
    assert scan.exited(SMTPD, LOG, 0, at(10.5)) == [Start(SMTPD, LOG)]


# A service goes.


def test_a_supervise_that_was_killed_is_replaced_whatever_else_is_wanted():
    scan = scanning(SMTPD)
    scan.unnamed(SMTPD, at(1))
    assert scan.exited(SMTPD, MAIN, KILLED, at(2), orphaned=True) == [Start(SMTPD, MAIN)]
    assert scan.started(SMTPD, MAIN, at(2)) == []
    assert scan.exited(SMTPD, MAIN, KILLED, at(3)) == [Forget(SMTPD)]


def test_what_was_left_in_a_directory_without_a_name_stays_there():
    scan = scanning(SMTPD)
    assert scan.exited(SMTPD, MAIN, KILLED, at(0.5), orphaned=True) == []
    assert scan.tick(at(1)) == [Start(SMTPD, MAIN)]
    assert scan.unreachable(SMTPD, MAIN, at(1)) == [Forget(SMTPD)]
    assert scan.deadline is None


def test_what_the_killed_one_had_been_told_is_told_again():
    scan = scanning(SMTPD, has_log=True)
    assert scan.stop(at(2)) == [Stop(SMTPD, MAIN)]
    assert scan.exited(SMTPD, MAIN, KILLED, at(3), orphaned=True) == [Start(SMTPD, MAIN)]
    assert scan.started(SMTPD, MAIN, at(3)) == [Stop(SMTPD, MAIN)]
    assert scan.exited(SMTPD, MAIN, 0, at(4)) == [Drain(SMTPD), CloseWriter(SMTPD)]
    assert scan.exited(SMTPD, LOG, KILLED, at(5), orphaned=True) == [Start(SMTPD, LOG)]
    assert scan.started(SMTPD, LOG, at(5)) == [Drain(SMTPD)]
    assert scan.exited(SMTPD, LOG, 0, at(6)) == [Forget(SMTPD), Exit()]


def test_one_that_is_to_be_replaced_when_all_is_stopped_is_told_then():
    scan = scanning(SMTPD)
    assert scan.exited(SMTPD, MAIN, KILLED, at(0.5), orphaned=True) == []
    assert scan.stop(at(0.6)) == []
    assert scan.deadline == at(1)
    assert perform(scan, scan.tick(at(1)), 1) == [Start(SMTPD, MAIN)]
    assert scan.entries[SMTPD].slots[MAIN].told
    assert scan.deadline == at(1) + KILL_AFTER


def test_a_service_without_a_name_runs_on_and_is_not_started_again():
    scan = scanning(SMTPD)
    assert scan.unnamed(SMTPD, at(1)) == []
    assert scan.deadline is None
    assert scan.exited(SMTPD, MAIN, 0, at(2)) == [Forget(SMTPD)]
    assert scan.entries == {}


def test_a_service_without_a_name_between_two_starts_is_forgotten():
    scan = scanning(SMTPD)
    scan.exited(SMTPD, MAIN, 0, at(0.5))
    assert scan.unnamed(SMTPD, at(0.6)) == [Forget(SMTPD)]


def test_a_name_that_was_never_a_service():
    assert Scan().unnamed(SMTPD, at(0)) == []


def test_the_log_of_a_service_without_a_name_is_drained_once_the_service_has_ended():
    scan = scanning(SMTPD, has_log=True)
    scan.unnamed(SMTPD, at(1))
    assert scan.exited(SMTPD, MAIN, 0, at(2)) == [Drain(SMTPD), CloseWriter(SMTPD)]
    assert scan.deadline is None
    assert scan.exited(SMTPD, LOG, 0, at(3)) == [Forget(SMTPD)]


def test_a_log_that_loses_its_name_while_the_service_is_between_two_starts_is_drained():
    scan = scanning(SMTPD, has_log=True)
    scan.exited(SMTPD, MAIN, 0, at(0.5))
    assert scan.unnamed(SMTPD, at(0.6)) == [Drain(SMTPD), CloseWriter(SMTPD)]
    assert scan.unnamed(SMTPD, at(0.7)) == []


def test_a_log_supervise_that_ends_first_leaves_the_service_running():
    scan = scanning(SMTPD, has_log=True)
    scan.unnamed(SMTPD, at(1))
    assert scan.exited(SMTPD, LOG, 0, at(2)) == []
    assert scan.exited(SMTPD, MAIN, 0, at(3)) == [Forget(SMTPD)]


def test_a_name_that_is_back_while_its_log_drains_starts_afterwards():
    scan = scanning(SMTPD, has_log=True)
    scan.unnamed(SMTPD, at(1))
    scan.exited(SMTPD, MAIN, 0, at(2))
    assert scan.named(SMTPD, True, at(3)) == []
    assert scan.exited(SMTPD, LOG, 0, at(4)) == [Forget(SMTPD), Look()]
    effects = scan.named(SMTPD, True, at(4))
    assert effects == [MakePipe(SMTPD), Start(SMTPD, MAIN), Start(SMTPD, LOG)]


def test_a_name_that_is_back_before_the_service_has_ended_is_as_if_it_had_never_gone():
    scan = scanning(SMTPD, has_log=True)
    scan.unnamed(SMTPD, at(1))
    scan.named(SMTPD, True, at(2))
    assert scan.exited(SMTPD, MAIN, 0, at(3)) == [Start(SMTPD, MAIN)]


# Stopping.


def test_stopping_with_nothing_to_stop():
    assert Scan().stop(at(0)) == [Exit()]


def test_services_are_stopped_first_and_then_their_logs_drained():
    scan = scanning(SMTPD, has_log=True)
    assert scan.stop(at(10)) == [Stop(SMTPD, MAIN)]
    assert scan.deadline == at(10 + KILL_AFTER)
    assert scan.exited(SMTPD, MAIN, 0, at(11)) == [Drain(SMTPD), CloseWriter(SMTPD)]
    assert scan.deadline == at(11 + KILL_AFTER)
    assert scan.exited(SMTPD, LOG, 0, at(12)) == [Forget(SMTPD), Exit()]
    assert scan.deadline is None


def test_exit_is_said_once_when_the_last_service_is_gone():
    scan = scanning(SMTPD, CLOCK)
    assert scan.stop(at(10)) == [Stop(SMTPD, MAIN), Stop(CLOCK, MAIN)]
    assert scan.exited(CLOCK, MAIN, 0, at(11)) == [Forget(CLOCK)]
    assert scan.exited(SMTPD, MAIN, 0, at(12)) == [Forget(SMTPD), Exit()]


def test_services_between_two_starts_are_forgotten_at_once():
    scan = scanning(SMTPD, CLOCK)
    scan.exited(SMTPD, MAIN, 0, at(0.5))
    scan.exited(CLOCK, MAIN, 0, at(0.5))
    assert scan.stop(at(0.6)) == [Forget(SMTPD), Forget(CLOCK), Exit()]


def test_a_log_whose_service_is_between_two_starts_is_drained_at_once():
    scan = scanning(SMTPD, has_log=True)
    scan.exited(SMTPD, MAIN, 0, at(0.5))
    assert scan.stop(at(0.6)) == [Drain(SMTPD), CloseWriter(SMTPD)]
    assert scan.deadline == at(0.6 + KILL_AFTER)


def test_nothing_starts_while_stopping():
    scan = scanning(SMTPD, has_log=True)
    scan.stop(at(10))
    assert scan.named(CLOCK, True, at(11)) == []
    assert scan.exited(SMTPD, LOG, 0, at(12)) == []
    assert scan.exited(SMTPD, MAIN, TROUBLE, at(13)) == [Forget(SMTPD), Exit()]


def test_a_service_that_is_late_is_killed_again_and_again():
    scan = scanning(SMTPD)
    scan.stop(at(10))
    assert scan.tick(at(10 + KILL_AFTER - 0.1)) == []
    assert scan.tick(at(10 + KILL_AFTER)) == [Kill(SMTPD, MAIN)]
    assert scan.deadline == at(10 + 2 * KILL_AFTER)
    assert scan.tick(at(10 + 2 * KILL_AFTER)) == [Kill(SMTPD, MAIN)]


def test_a_log_that_never_sees_the_end_is_stopped_and_then_killed():
    scan = scanning(SMTPD, has_log=True)
    scan.stop(at(10))
    scan.exited(SMTPD, MAIN, 0, at(11))
    assert scan.tick(at(11 + KILL_AFTER)) == [Stop(SMTPD, LOG)]
    assert scan.tick(at(11 + 2 * KILL_AFTER)) == [Kill(SMTPD, LOG)]


def test_a_log_that_was_draining_before_has_its_time_from_the_stop():
    scan = scanning(SMTPD, has_log=True)
    scan.unnamed(SMTPD, at(1))
    scan.exited(SMTPD, MAIN, 0, at(2))
    assert scan.stop(at(100)) == []
    assert scan.deadline == at(100 + KILL_AFTER)
    assert scan.exited(SMTPD, LOG, 0, at(101)) == [Forget(SMTPD), Exit()]


def test_a_service_without_a_name_is_stopped_like_any_other():
    scan = scanning(SMTPD)
    scan.unnamed(SMTPD, at(1))
    assert scan.stop(at(10)) == [Stop(SMTPD, MAIN)]


def test_a_second_stop_does_not_wait():
    scan = scanning(SMTPD, CLOCK, has_log=True)
    scan.stop(at(10))
    scan.exited(CLOCK, MAIN, 0, at(10.5))
    assert scan.stop(at(11)) == [Kill(SMTPD, MAIN), Stop(CLOCK, LOG)]
    assert scan.stop(at(12)) == [Kill(SMTPD, MAIN), Kill(CLOCK, LOG)]


def test_a_log_is_not_hurried_while_its_service_still_writes():
    scan = scanning(SMTPD, has_log=True)
    scan.stop(at(10))
    assert scan.stop(at(11)) == [Kill(SMTPD, MAIN)]


# Orders that cannot be given.


def test_a_stop_that_could_not_be_told_is_told_again_and_not_followed_by_a_kill():
    scan = scanning(SMTPD)
    assert scan.stop(at(10)) == [Stop(SMTPD, MAIN)]
    scan.not_stopped(SMTPD, MAIN, at(10))
    assert scan.deadline == at(10 + RETRY_PAUSE)
    assert scan.tick(at(11)) == [Stop(SMTPD, MAIN)]
    assert scan.deadline == at(11 + KILL_AFTER)
    assert scan.tick(at(11 + KILL_AFTER)) == [Kill(SMTPD, MAIN)]


def test_a_logger_that_could_not_be_told_to_drain_is_told_again():
    scan = scanning(SMTPD, has_log=True)
    scan.unnamed(SMTPD, at(1))
    assert scan.exited(SMTPD, MAIN, 0, at(2)) == [Drain(SMTPD), CloseWriter(SMTPD)]
    scan.not_given(SMTPD, at(2))
    assert scan.deadline == at(2 + RETRY_PAUSE)
    assert scan.tick(at(3)) == [Drain(SMTPD)]
    assert scan.deadline is None


def test_one_that_has_left_meanwhile_is_not_told():
    scan = scanning(SMTPD, has_log=True)
    scan.unnamed(SMTPD, at(1))
    scan.exited(SMTPD, MAIN, 0, at(2))
    scan.not_given(SMTPD, at(2))
    assert scan.exited(SMTPD, LOG, 0, at(2.5)) == [Forget(SMTPD)]
    assert scan.tick(at(3)) == []


def test_a_pipe_that_could_not_be_handed_over_is_handed_over_later():
    scan = scanning(SMTPD)
    assert scan.named(SMTPD, True, at(9))[-1] == HandOver(SMTPD)
    scan.pipe_made(SMTPD)
    scan.started(SMTPD, LOG, at(9))
    scan.not_given(SMTPD, at(9))
    assert perform(scan, scan.tick(at(10)), 10) == [HandOver(SMTPD)]
    assert (scan.deadline, scan.entries[SMTPD].joined) == (None, True)


def test_a_log_supervise_that_is_replaced_while_all_stops_is_not_waited_for_for_ever():
    """Whoever writes to its pipe may be somebody whom nobody can tell to end."""
    scan = scanning(SMTPD, has_log=True)
    scan.unnamed(SMTPD, at(1))
    scan.exited(SMTPD, MAIN, KILLED, at(2))
    scan.exited(SMTPD, LOG, KILLED, at(2), orphaned=True)
    scan.stop(at(3))
    assert scan.tick(at(3)) == [Start(SMTPD, LOG)]
    assert scan.started(SMTPD, LOG, at(3)) == [Drain(SMTPD)]
    assert scan.deadline == at(3 + KILL_AFTER)
    assert scan.tick(at(3 + KILL_AFTER)) == [Stop(SMTPD, LOG)]


def test_a_pipe_is_not_handed_over_twice_at_one_time():
    """Once because it is owed, and once because its log is started then."""
    scan = scanning(SMTPD)
    scan.named(SMTPD, True, at(9))
    scan.pipe_made(SMTPD)
    scan.started(SMTPD, LOG, at(9))
    scan.not_given(SMTPD, at(9))
    scan.exited(SMTPD, LOG, 0, at(9))
    assert scan.tick(at(10)) == [Start(SMTPD, LOG), HandOver(SMTPD)]


def test_a_service_that_is_started_anew_meanwhile_has_the_pipe_already():
    scan = scanning(SMTPD)
    scan.named(SMTPD, True, at(9))
    scan.pipe_made(SMTPD)
    scan.started(SMTPD, LOG, at(9))
    scan.not_given(SMTPD, at(9))
    perform(scan, scan.exited(SMTPD, MAIN, 0, at(9.5)), 9.5)
    assert scan.tick(at(10)) == []


IDENTITIES = [Identity(1, inode) for inode in range(3)]
identities = st.sampled_from(IDENTITIES)
Slot = tuple[Identity, Role]


# A new version goes on.


def test_who_runs_makes_way_one_after_the_other():
    scan = scanning(SMTPD, CLOCK, has_log=True)
    scan.renew(at(10))
    assert scan.deadline == at(10)
    assert scan.tick(at(10)) == [Renew(SMTPD, MAIN)]
    assert scan.tick(at(10)) == []
    later = [effect for n in range(1, 4) for effect in scan.tick(at(10 + n * RENEWAL_GAP))]
    assert later == [Renew(SMTPD, LOG), Renew(CLOCK, MAIN), Renew(CLOCK, LOG)]
    assert scan.deadline is None
    assert scan.exited(SMTPD, MAIN, KILLED, at(10.1), True) == [Start(SMTPD, MAIN)]


def test_one_that_was_started_a_moment_ago_keeps_its_time():
    scan = scanning(SMTPD)
    scan.renew(at(0.5))
    assert (scan.deadline, scan.tick(at(0.9))) == (at(RESTART_PAUSE), [])
    assert scan.tick(at(RESTART_PAUSE)) == [Renew(SMTPD, MAIN)]


def test_one_that_ends_before_need_not():
    scan = scanning(SMTPD)
    scan.renew(at(10))
    perform(scan, scan.exited(SMTPD, MAIN, KILLED, at(10), True), 10)
    assert (scan.deadline, scan.tick(at(20))) == (None, [])


def test_who_is_not_to_be_started_again_stays():
    scan = scanning(SMTPD, CLOCK)
    scan.renew(at(10))
    scan.unnamed(SMTPD, at(10))
    assert scan.tick(at(11)) == [Renew(CLOCK, MAIN)]
    scan.renew(at(20))
    scan.stop(at(20))
    assert scan.tick(at(21)) == []


class World(RuleBasedStateMachine):
    """A simulated machine: directories, supervises that run, pipes; and whatever may happen."""

    def __init__(self) -> None:
        super().__init__()
        self.t = 0.0
        self.scan = Scan()
        self.directory: dict[Identity, bool] = {}  # what has a name, and whether it has a log
        self.running: set[Slot] = set()
        self.orphaned: set[Slot] = set()
        self.replaced: set[Slot] = set()  # by one that must be told again
        self.starts: dict[Slot, float] = {}
        self.writers: set[Identity] = set()
        self.readers: set[Identity] = set()
        self.writing: set[Identity] = set()  # whose main supervise writes to the pipe
        self.told: set[Slot] = set()
        self.works = True
        self.stopping = False
        self.over = False

    def perform(self, effects: list[Effect]) -> None:
        assert not self.over, "nothing after Exit"
        for effect in effects:
            assert not self.over
            getattr(self, type(effect).__name__)(**vars(effect))

    # The driver's part, named as the effects are.

    def MakePipe(self, identity: Identity) -> None:
        assert identity not in self.readers, "one pipe for each service"
        if self.works:
            self.writers.add(identity)
            self.readers.add(identity)
            self.scan.pipe_made(identity)

    def Start(self, identity: Identity, role: Role) -> None:
        slot = identity, role
        if slot not in self.orphaned:
            assert not self.stopping
            assert identity in self.directory, "what has no name is not started"
        assert slot not in self.running, "at most one supervise for each"
        assert self.t - self.starts.get(slot, -10.0) >= RESTART_PAUSE - 1e-6
        piped = identity in (self.writers if role == MAIN else self.readers)
        assert role == MAIN or piped or not self.works
        if not self.works or (role == LOG and not piped):
            self.scan.not_started(identity, role, at(self.t))
            return
        self.running.add(slot)
        self.starts[slot] = self.t
        self.told.discard(slot)
        if slot in self.orphaned:
            self.replaced.add(slot)
        if role == MAIN and piped:
            self.writing.add(identity)
        self.orphaned.discard(slot)
        self.perform(self.scan.started(identity, role, at(self.t)))

    def HandOver(self, identity: Identity) -> None:
        assert (identity, MAIN) in self.running
        assert identity not in self.writing, "handed over once"
        if identity in self.writers:
            self.writing.add(identity)
            self.scan.handed_over(identity)

    def CloseWriter(self, identity: Identity) -> None:
        service = identity, MAIN
        assert service not in self.running | self.orphaned, "only after the service has ended"
        self.writers.remove(identity)  # once

    def Drain(self, identity: Identity) -> None:
        assert (identity, LOG) in self.running
        before = identity in self.writers or (identity, LOG) in self.replaced
        assert before, "told before it can see the end"
        assert (identity, MAIN) not in self.running, "only after the service has ended"

    def Stop(self, identity: Identity, role: Role) -> None:
        assert self.stopping
        assert (identity, role) in self.running
        assert (identity, role) not in self.told, "killed, when it has been told already"
        assert role == MAIN or (identity, MAIN) not in self.running, "services first"
        self.told.add((identity, role))

    def Kill(self, identity: Identity, role: Role) -> None:
        assert (identity, role) in self.running & self.told, "told before it is killed"

    def Renew(self, identity: Identity, role: Role) -> None:
        assert (identity, role) in self.running
        assert not self.stopping
        assert identity in self.directory, "the next one can be started"
        assert self.t - self.starts[identity, role] >= RESTART_PAUSE - 1e-6, "and at once"

    def Forget(self, identity: Identity) -> None:
        assert not {(identity, MAIN), (identity, LOG)} & (self.running | self.orphaned)
        self.writers.discard(identity)
        self.readers.discard(identity)
        self.writing.discard(identity)
        for role in (MAIN, LOG):
            self.starts.pop((identity, role), None)

    def Look(self) -> None:
        for identity, has_log in self.directory.items():
            self.perform(self.scan.named(identity, has_log, at(self.t)))

    def Exit(self) -> None:
        assert self.stopping
        assert not self.running | self.orphaned
        assert not self.readers
        self.over = True

    # What may happen.

    @precondition(lambda self: not self.over)
    @rule(identity=identities, has_log=st.booleans())
    def a_name_leads_to(self, identity: Identity, has_log: bool) -> None:
        self.directory[identity] = has_log
        self.perform(self.scan.named(identity, has_log, at(self.t)))

    @precondition(lambda self: not self.over and self.directory)
    @rule(pick=st.randoms(use_true_random=False))
    def a_name_goes(self, pick) -> None:
        identity = pick.choice(sorted(self.directory))
        del self.directory[identity]
        self.perform(self.scan.unnamed(identity, at(self.t)))

    @precondition(lambda self: not self.over and self.running)
    @rule(
        pick=st.randoms(use_true_random=False),
        status=st.sampled_from([0, KILLED, TROUBLE]),
        orphaned=st.booleans(),
    )
    def a_supervise_ends(self, pick, status: int, orphaned: bool) -> None:
        slot = pick.choice(sorted(self.running))
        self.running.remove(slot)
        orphaned = orphaned and status == KILLED
        if orphaned:
            self.orphaned.add(slot)
        if slot[1] == MAIN:
            self.writing.discard(slot[0])
        self.perform(self.scan.exited(*slot, status, at(self.t), orphaned))

    @precondition(lambda self: not self.over)
    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 5.0, 8.0]))
    def time_passes(self, seconds: float) -> None:
        self.t += seconds
        self.perform(self.scan.tick(at(self.t)))

    @precondition(lambda self: not self.over and self.scan.deadline is not None)
    @rule()
    def the_deadline_comes(self) -> None:
        self.t = max(self.t, self.scan.deadline - 1000.0)
        effects = self.scan.tick(at(self.t))
        assert effects, "a deadline has something to do"
        self.perform(effects)

    @precondition(lambda self: not self.over)
    @rule()
    def a_new_version_goes_on(self) -> None:
        self.scan.renew(at(self.t))

    @rule(works=st.booleans())
    def the_kernel(self, works: bool) -> None:
        self.works = works

    @precondition(lambda self: not self.over and len(self.scan.entries) > 1)
    @rule()
    def stop(self) -> None:
        self.stopping = True
        self.perform(self.scan.stop(at(self.t)))

    # What always holds.

    @invariant()
    def what_has_a_name_runs_or_will(self) -> None:
        for identity, has_log in self.directory.items() if not self.stopping else ():
            for role in (MAIN, LOG) if has_log else (MAIN,):
                draining = identity in self.readers and identity not in self.writers
                waiting = self.scan.deadline is not None
                assert (identity, role) in self.running or waiting or draining

    @invariant()
    def both_know_who_runs(self) -> None:
        known = {
            (identity, role)
            for identity, entry in self.scan.entries.items()
            for role, slot in entry.slots.items()
            if slot.running
        }
        assert known == self.running

    @invariant()
    def whoever_was_left_gets_a_supervise(self) -> None:
        for identity, role in self.orphaned:
            slot = self.scan.entries[identity].slots[role]
            assert slot.orphaned
            assert self.scan.deadline <= slot.not_before

    @invariant()
    def a_service_with_a_log_writes_to_it(self) -> None:
        for identity in self.readers:
            both = {(identity, MAIN), (identity, LOG)}
            assert not both <= self.running or identity in self.writing

    @invariant()
    def stopping_is_never_stuck(self) -> None:
        if self.stopping and not self.over:
            assert self.running | self.orphaned
            assert self.scan.deadline is not None


TestWorld = World.TestCase
TestWorld.settings = settings(max_examples=200, stateful_step_count=40)
