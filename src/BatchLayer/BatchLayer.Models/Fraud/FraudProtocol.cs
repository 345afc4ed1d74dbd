namespace Lambda.BatchLayer.Models.Fraud;

/// <summary>
/// A test of the Fraud Detection Handbook's kind: train on some days, skip the days in which labels are not known yet, test on the days behind. Days are UTC days
/// since 1970.
/// </summary>
public sealed record FraudProtocol(int TrainFrom, int TrainDays, int DelayDays, int TestDays)
{
    public int TestFrom => TrainFrom + TrainDays + DelayDays;

    public int End => TestFrom + TestDays;

    /// <summary>Rows to train on.</summary>
    public IEnumerable<int> Training(LabelledHistory history) => history.RowsOf(TrainFrom, TrainFrom + TrainDays);

    /// <summary>
    /// Rows to test on: those of customers who are not known to be defrauded yet, by a fraud in the training days or, for day d of the test, on a day up to
    /// d - delay - 1 behind them.
    /// </summary>
    public IEnumerable<int> Test(LabelledHistory history)
    {
        var known = new HashSet<ulong>();
        Learn(TrainFrom, TrainFrom + TrainDays);
        for (var day = TestFrom; day < End; day++)
        {
            var newlyKnown = day - DelayDays - 1;
            if (newlyKnown >= TrainFrom) Learn(newlyKnown, newlyKnown + 1);
            foreach (var row in history.RowsOf(day, day + 1))
                if (!known.Contains(history.Transactions[row].Customer)) yield return row;
        }

        void Learn(int from, int until)
        {
            foreach (var row in history.RowsOf(from, until))
                if (history.IsFraud[row]) known.Add(history.Transactions[row].Customer);
        }
    }
}
