using Lambda.Domain.Log;

namespace Lambda.BatchLayer.Runs;

/// <summary>Every run, folded from the journal, and what follows from them: the served publication, the epoch to start next.</summary>
public sealed class RunHistory
{
    private readonly List<Run> _runs = [];

    public RunHistory(Publication initial, IEnumerable<RunEvent> journal)
    {
        Served = initial;
        foreach (var happened in journal) Apply(happened);
    }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<Run> Runs => _runs;

    /// <summary>The publication that is served; epoch 0 before the first.</summary>
    public Publication Served { get; private set; }

    /// <summary>The run that is not over; null when none is.</summary>
    public Run? Active => _runs.Count > 0 && !_runs[^1].IsFinal ? _runs[^1] : null;

    /// <summary>
    /// The epoch the next run ends. A run that is over has all its barriers, or none counted: one is only failed or abandoned after its barriers
    /// were completed, because a partition ignores a barrier that is not current + 1.
    /// </summary>
    public long NextEpoch => _runs.Count == 0 ? 1 : _runs[^1].Epoch + 1;

    public Run? Find(string run) => _runs.Find(r => r.Id == run);

    public void Apply(RunEvent happened)
    {
        if (happened is RunEvent.Started started)
        {
            if (Active is not null) throw new InvalidOperationException($"run {started.Run} began while {Active.Id} was not over");
            _runs.Add(Run.Begin(started));
            return;
        }
        var at = _runs.FindIndex(r => r.Id == happened.Run);
        if (at < 0) throw new InvalidDataException($"journal names run {happened.Run}, which never began");
        _runs[at] = _runs[at].Apply(happened);
        if (happened is RunEvent.Published published) Served = published.Publication;
    }
}
