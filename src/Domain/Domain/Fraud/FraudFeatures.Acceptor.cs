using Lambda.Domain.Events;

namespace Lambda.Domain.Fraud;

public static partial class FraudFeatures
{
    /// <summary>
    /// Risk of the terminal or merchant: fraud known there, against what would be known when its table was made. Whole days are counted; what a table holds of its own day is left out of them.
    /// </summary>
    private static void Acceptor(ref Row row, long at, AcceptorFraudMemory acceptor, int labelDelayDays)
    {
        var asOf = acceptor.AsOfMicros == long.MinValue ? Clock.DayOf(at) * Clock.MicrosPerDay : Math.Min(acceptor.AsOfMicros, at);
        var today = Clock.DayOf(asOf);
        var matured = today - labelDelayDays - 1; // the last day whose fraud would be known
        var week = acceptor.Days.Over(today - 7, today - 1);
        row.Add(week.Count);
        row.Add(week.Unusual);
        row.Add(acceptor.Days.Over(today - 30, today - 1).Count);
        foreach (var span in RiskSpans)
        {
            var sums = acceptor.Days.Over(matured - span + 1, matured);
            row.Add(sums.Count);
            row.Add(sums.Frauds);
            row.Add(sums.UsualFrauds);
            row.Add(Share(sums.Frauds, sums.Count));
        }
        row.Add(FraudTime.Days(acceptor.LastFraudAt, at));
        Episode(ref row, at, acceptor, asOf - labelDelayDays * Clock.MicrosPerDay);
    }

    /// <summary>The newest transactions whose fraud would be known: has what went on there begun lately, and is it over?</summary>
    private static void Episode(ref Row row, long now, AcceptorFraudMemory acceptor, long maturedAt)
    {
        Span<int> frauds = stackalloc int[LastMatured.Length];
        frauds.Clear();
        var (matured, sinceFraud, unmatured, first) = (0, -1, 0, long.MinValue);
        for (var i = 0; i < acceptor.Recent.Count; i++)
        {
            ref readonly var seen = ref acceptor.Recent[i];
            var isUsualFraud = seen.IsFraud && !seen.IsUnusual;
            if (isUsualFraud && seen.At > now - EpisodeDays * Clock.MicrosPerDay) first = first == long.MinValue ? seen.At : Math.Min(first, seen.At);
            if (seen.At >= maturedAt)
            {
                unmatured++;
                continue;
            }
            if (isUsualFraud && sinceFraud < 0) sinceFraud = matured;
            if (isUsualFraud)
                for (var n = 0; n < LastMatured.Length; n++)
                    if (matured < LastMatured[n]) frauds[n]++;
            matured++;
        }
        for (var n = 0; n < LastMatured.Length; n++) row.Add(Share(frauds[n], Math.Min(matured, LastMatured[n])));
        row.Add(sinceFraud < 0 ? FraudTime.Never : sinceFraud);
        row.Add(unmatured);
        row.Add(FraudTime.Days(first, now));
    }
}
