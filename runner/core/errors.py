"""Every error of ours, and the exit code each one ends the program with.

RunnerError
├── InvalidInput            diagnostics about what people wrote                     exit 3
├── FormatRefused           a file that cannot be formatted without changing it     exit 3
├── SettingsInvalid         settings, controls, store or credentials                exit 3
│   ├── KeyRefused          a signing key that cannot be used
│   └── StoreRefused        a journal that must not be written to
├── UsageInvalid            a command line that makes no sense                      exit 64
├── PlanRefused             stale, expired, damaged or already used                 exit 7
├── PolicyDenied            policy, ``may`` or a cap said no                        exit 5
│   └── SendingStopped      the kill switch is on; the run goes on once it is off
├── ConfirmationRefused     "no" at the prompt                                      exit 6
├── LockHeld                a lock or a run is owned elsewhere                      exit 8
│   └── LeaseLost           the run was taken over by somebody else                 exit 8
├── ExpressionFailed        an expression met a value it cannot work with           exit 4 or 13
├── JournalFailed           the journal could not write or read: a crash            exit 70
├── RunCancelled            nothing new is sent for a run that somebody cancelled   exit 4 or 13
├── DecisionRefused         a decision that what can be read speaks against         exit 10
├── OutcomeLeftOpen         a crash while an effect may have been on its way        exit 10
└── RemoteError             the custodian's side of a call                          exit 9
    ├── NotSent             proven: no byte of the request left                     retryable
    │   └── RequestInvalid  not sent, because it does not fit the API's description exit 3
    ├── OutcomeUnknown      sent, and nobody can say what became of it
    ├── ReplyRefused        an answer that is not what the API promises
    └── RemoteRefused       an answer with a business code other than 000000
"""

from enum import IntEnum

from runner.core.diagnostics import Diagnostic


class ExitCode(IntEnum):
    """How a command ended, for scripts and CI.

    Source: DESIGN section 8, the table of exit codes.
    """

    DONE = 0
    FAILED = 1
    HAS_EFFECTS = 2
    INVALID = 3
    ENDED_BEFORE_SENDING = 4
    DENIED = 5
    NOT_APPROVED = 6
    PLAN_REFUSED = 7
    LOCKED = 8
    UNREACHABLE = 9
    OUTCOME_UNKNOWN = 10
    DIFFERENCES = 11
    NOT_FINAL = 12
    ENDED_AFTER_SENDING = 13
    USAGE = 64
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143


class RunnerError(Exception):
    """The root of what the program says to people instead of a traceback.

    Shapes: ``hint`` is the way out, one sentence, or empty.
    """

    exit_code: ExitCode = ExitCode.BUG

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep the sentence and the way out."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidInput(RunnerError):
    """What people wrote is wrong, all of it at once.

    Shapes: ``diagnostics`` holds at least one error; warnings may stand beside it.
    """

    exit_code = ExitCode.INVALID

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        """Keep every diagnostic; the message is the first one's."""
        assert diagnostics, "an InvalidInput without a diagnostic tells the user nothing"
        super().__init__(diagnostics[0].summary, hint=diagnostics[0].hint)
        self.diagnostics = diagnostics


class FormatRefused(RunnerError):
    """A file whose formatted text would not say what the file says; it is left alone."""

    exit_code = ExitCode.INVALID


class SettingsInvalid(RunnerError):
    """Settings, controls, a store or credentials cannot be used."""

    exit_code = ExitCode.INVALID


class KeyRefused(SettingsInvalid):
    """A signing key cannot be used; the text never holds any part of it."""


class StoreRefused(SettingsInvalid):
    """A journal must not be written to by this command."""


class UsageInvalid(RunnerError):
    """The command line makes no sense."""

    exit_code = ExitCode.USAGE


class PlanRefused(RunnerError):
    """A plan is stale, expired, damaged, or its occurrence is already used."""

    exit_code = ExitCode.PLAN_REFUSED


class PolicyDenied(RunnerError):
    """Policy, ``may``, a cap or the kill switch said no."""

    exit_code = ExitCode.DENIED


class SendingStopped(PolicyDenied):
    """The kill switch is on; a run goes on with ``resume`` once it is lifted."""


class ConfirmationRefused(RunnerError):
    """A person said no, or approval is missing."""

    exit_code = ExitCode.NOT_APPROVED


class LockHeld(RunnerError):
    """A lock, or the run itself, is owned elsewhere.

    Shapes: ``owner`` names the run or process that holds it.
    """

    exit_code = ExitCode.LOCKED

    def __init__(self, message: str, *, owner: str, hint: str = "") -> None:
        """Keep who holds the lock."""
        super().__init__(message, hint=hint)
        self.owner = owner


class LeaseLost(LockHeld):
    """Another owner has taken over a run that this process wants to write.

    Shapes: ``owner`` names who has it now.
    Source: DESIGN section 6, rule 11.
    """


class ExpressionFailed(RunnerError):
    """An expression met a value it cannot work with, at run time."""

    exit_code = ExitCode.ENDED_BEFORE_SENDING


class JournalFailed(RunnerError):
    """The journal could not write or read; what its last transaction did is unknown.

    It counts as a crash: the process must stop relying on what it knows, and only a new process
    that reads the journal again may go on.
    Source: DESIGN section 6, rule 2.
    """

    exit_code = ExitCode.BUG


class OutcomeLeftOpen(RunnerError):
    """The process could not go on while nobody knows what became of an effect.

    Shapes: the cause is what stopped it, an error of ours or a bug.
    """

    exit_code = ExitCode.OUTCOME_UNKNOWN


class RunCancelled(RunnerError):
    """A person has cancelled the run, so that nothing new is sent for it."""

    exit_code = ExitCode.ENDED_BEFORE_SENDING


class DecisionRefused(RunnerError):
    """What a person wanted to decide about an effect does not hold; the effect is open still."""

    exit_code = ExitCode.OUTCOME_UNKNOWN


class RemoteError(RunnerError):
    """One call to the custodian did not give a usable answer.

    Shapes: ``path`` has no query; ``status`` is None when no answer arrived; ``code`` is the
        business code of the envelope, or empty; ``request_id`` is the body's requestId of a write,
        or empty; ``remote_request_id`` is the server's ``x-request-id`` header, or empty. The text
        starts with the request id where there is one.
    """

    exit_code = ExitCode.UNREACHABLE
    retryable = False

    def __init__(  # noqa: PLR0913 - each is a fact of the call that a reader may need
        self,
        reason: str,
        *,
        method: str,
        path: str,
        status: int | None = None,
        code: str = "",
        request_id: str = "",
        remote_request_id: str = "",
        hint: str = "",
    ) -> None:
        """Build the sentence from the facts and keep the facts."""
        who = f"[requestId {request_id}] " if request_id else ""
        answer = f" (HTTP {status})" if status is not None else ""
        super().__init__(f"{who}{method} {path}: {reason}{answer}", hint=hint)
        self.reason = reason
        self.method = method
        self.path = path
        self.status = status
        self.code = code
        self.request_id = request_id
        self.remote_request_id = remote_request_id


class NotSent(RemoteError):
    """Proven: no byte of the request reached the server (name, connection or TLS failed)."""

    retryable = True


class RequestInvalid(NotSent):
    """Not sent: the parameters do not fit the API's description; repeating them changes nothing."""

    exit_code = ExitCode.INVALID
    retryable = False


class OutcomeUnknown(RemoteError):
    """The request left and no trustworthy answer came back."""

    retryable = True


class ReplyRefused(RemoteError):
    """An answer arrived that is not what the API promises; it proves nothing about a write."""

    retryable = True


class RemoteRefused(RemoteError):
    """A well-formed answer with a business code other than ``000000``."""
