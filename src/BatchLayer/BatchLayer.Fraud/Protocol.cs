namespace Lambda.BatchLayer.Fraud;

/// <summary>Which transactions a week's model is trained on and which it is tested on. Days are counted from 1970, UTC.</summary>
/// <param name="TrainFrom">First day trained on.</param>
public sealed record Protocol(int TrainFrom, int TrainDays, int DelayDays, int TestDays)
{
    public int TrainingCut => TrainFrom + TrainDays;

    public int TestFrom => TrainingCut + DelayDays;

    public int TestEnd => TestFrom + TestDays;

    public Protocol Later(int weeks) => this with { TrainFrom = TrainFrom + (weeks * TestDays) };

    /// <summary>Places of the training rows.</summary>
    public IReadOnlyList<int> TrainingRows(IReadOnlyList<LabelledTransaction> log) =>
        [.. Enumerable.Range(0, log.Count).Where(i => log[i].Day >= TrainFrom && log[i].Day < TrainingCut)];

    /// <summary>
    /// Places of the tested rows, in the log's order. Left out are customers known for fraud: with one in the training days, and on test day d with one on a day from the
    /// cut up to d − delay − 1.
    /// </summary>
    public IReadOnlyList<int> TestRows(IReadOnlyList<LabelledTransaction> log)
    {
        var firstFraud = new Dictionary<string, int>();
        foreach (var t in log)
            if (t.IsFraud && t.Day >= TrainFrom && t.Day < TestEnd) firstFraud[t.Customer] = Math.Min(t.Day, firstFraud.GetValueOrDefault(t.Customer, int.MaxValue));
        return [.. Enumerable.Range(0, log.Count).Where(i => IsTested(log[i]))];

        bool IsTested(LabelledTransaction t) => t.Day >= TestFrom && t.Day < TestEnd
            && !(firstFraud.TryGetValue(t.Customer, out var day) && (day < TrainingCut || day <= t.Day - DelayDays - 1));
    }
}
