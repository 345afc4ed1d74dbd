using Lambda.Domain.Fraud;
using static Lambda.Domain.Tests.Fraud.Happened;

namespace Lambda.Domain.Tests.Fraud;

internal sealed partial class FraudOracle
{
    private void Habits()
    {
        var own = Own;
        Set("count", own.Count);
        Set("share_hour", Share(own.Count(t => (HourOf(t.AtMicros) - HourOf(now.AtMicros) + 24) % 24 is 0 or 1 or 23), own.Count));
        Set("share_weekday", Share(own.Count(t => Weekday(t.AtMicros) == Weekday(now.AtMicros)), own.Count));
        Times("merchant", t => t.Merchant);
        Times("terminal", t => t.Terminal);
        Times("country", t => t.Country);
        Times("device", t => t.Device);
        Times("channel", t => t.Channel);
        Set("declines_in_row", own.AsEnumerable().Reverse().TakeWhile(t => t.IsDeclined).Count());
    }

    /// <summary>Uses back to where 48 other names were used in between: there it had been forgotten.</summary>
    private void Times(string what, Func<FraudTransaction, ulong> of)
    {
        var (times, others) = (0, new HashSet<ulong>());
        foreach (var name in Own.Select(of).Where(n => n != 0).Reverse())
        {
            if (name != of(now)) others.Add(name);
            else if (others.Count >= 48) break;
            else
            {
                times++;
                others.Clear();
            }
        }
        Set($"times_{what}", of(now) == 0 ? -1 : times);
    }

    private void Security()
    {
        var failed = before.OfType<LoginFailed>().Where(l => l.Customer == now.Customer).TakeLast(16).Where(l => l.At <= now.AtMicros).ToList();
        Set("failed_logins_1h", failed.Count(l => l.At > now.AtMicros - Hour));
        Set("failed_logins_24h", failed.Count(l => l.At > now.AtMicros - Day));
        Since("days_since_credential_change", before.OfType<CredentialChanged>().Where(c => c.Customer == now.Customer).Select(c => c.At).Concat(Changed(p => p.Email)));
        Since("days_since_address_change", before.OfType<AddressChanged>().Where(c => c.Customer == now.Customer).Select(c => c.At).Concat(Changed(p => p.City)));
        var last = Own.LastOrDefault(t => t.Place is not null);
        var isKnown = last.Place is not null && now.Place is not null;
        var km = isKnown ? last.Place!.Value.KmTo(now.Place!.Value) : -1;
        Set("km_from_last", km);
        Set("km_per_hour", isKnown ? km * 3600 / Math.Max(1, (now.AtMicros - last.AtMicros) / Second) : -1);
    }

    private void Acceptor()
    {
        var known = cut is null ? _all : [.. cut.OfType<Paid>().Select(p => p.Transaction).OrderBy(t => t.AtMicros).ThenBy(PartitionOf).ThenBy(t => t.Id)];
        var there = now.Acceptor == 0 ? [] : known.Where(t => t.Acceptor == now.Acceptor).ToList();
        var made = Math.Min(asOf ?? DayOf(now.AtMicros) * Day, now.AtMicros);
        var (today, frauds) = (DayOf(made), (cut ?? before).OfType<Known>().Select(k => _all[k.Payment].Id).ToHashSet());
        var usualFrauds = frauds.Where(id => !IsUnusual(_all.Single(t => t.Id == id))).ToHashSet();
        Set("acceptor_count_7d", Over(there, 42, today - 7, today - 1).Count);
        Set("acceptor_unusual_7d", Over(there, 42, today - 7, today - 1).Count(IsUnusual));
        Set("acceptor_count_30d", Over(there, 42, today - 30, today - 1).Count);
        foreach (var span in new[] { 7, 14, 28 })
        {
            var matured = Over(there, 42, today - delay - span, today - delay - 1);
            var count = matured.Count(t => frauds.Contains(t.Id));
            Set($"acceptor_matured_{span}d", matured.Count);
            Set($"acceptor_frauds_{span}d", count);
            Set($"acceptor_usual_frauds_{span}d", matured.Count(t => usualFrauds.Contains(t.Id)));
            Set($"acceptor_risk_{span}d", Share(count, matured.Count));
        }
        Since("acceptor_days_since_fraud", there.Where(t => frauds.Contains(t.Id)).Select(t => t.AtMicros));

        var recent = there.TakeLast(64).Reverse().ToList(); // the newest first
        var old = recent.Where(t => t.AtMicros < made - delay * Day).ToList();
        foreach (var n in new[] { 1, 3, 10 })
            Set($"acceptor_risk_last_{n}", Share(old.Take(n).Count(t => usualFrauds.Contains(t.Id)), Math.Min(n, old.Count)));
        Set("acceptor_since_fraud", old.Any(t => usualFrauds.Contains(t.Id)) ? old.TakeWhile(t => !usualFrauds.Contains(t.Id)).Count() : Never);
        Set("acceptor_unmatured", recent.Count - old.Count);
        var episode = recent.Where(t => usualFrauds.Contains(t.Id) && t.AtMicros > now.AtMicros - 35 * Day).ToList();
        Set("acceptor_days_since_first_fraud", episode.Count == 0 ? Never : Math.Max(0, now.AtMicros - episode.Min(t => t.AtMicros)) / (double)Day);
    }

    /// <summary>When a profile said something else than the one before that said anything.</summary>
    private IEnumerable<long> Changed(Func<ProfileTold, ulong> what)
    {
        var told = before.OfType<ProfileTold>().Where(p => p.Customer == now.Customer && what(p) != 0).ToList();
        return told.Skip(1).Where((p, i) => what(p) != what(told[i])).Select(p => p.At);
    }

    /// <summary>Of a customer, as scripts are laid out over partitions.</summary>
    public static int PartitionOf(FraudTransaction transaction) => (int)(transaction.Customer % 2);
}
