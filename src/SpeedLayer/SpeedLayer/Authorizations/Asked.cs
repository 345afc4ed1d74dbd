using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Decisions;

namespace Lambda.SpeedLayer.Authorizations;

/// <summary>One question under way at a desk. Only the desk changes it.</summary>
public sealed class Asked
{
    private readonly Action<AuthorizationOutcome> _answer;

    /// <param name="deadlineMs">On the clock of whoever drives the desk: not decided any more behind it.</param>
    /// <param name="answer">Called once.</param>
    public Asked(AuthorizationRequest request, long deadlineMs, Action<AuthorizationOutcome> answer)
    {
        (Request, DeadlineMs, _answer) = (request, deadlineMs, answer);
        RecordCodec.Read(request.Record, Row);
    }

    public AuthorizationRequest Request { get; }
    public EventRow Row { get; } = new();
    public long DeadlineMs { get; }

    /// <summary>What was decided, as soon as it is; it may not be durable yet. Any thread may look.</summary>
    public AuthorizationOutcome.Decided? Tentative => Volatile.Read(ref _tentative);

    internal bool IsAnswered { get; private set; }

    /// <summary>Of the record that was appended for it; -1 before.</summary>
    internal long Offset { get; set; } = -1;

    private AuthorizationOutcome.Decided? _tentative;

    internal void Decide(AuthorizationOutcome.Decided tentative) => Volatile.Write(ref _tentative, tentative);

    internal void Answer(AuthorizationOutcome outcome)
    {
        if (IsAnswered) return;
        IsAnswered = true;
        _answer(outcome);
    }
}
