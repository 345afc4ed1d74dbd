namespace Lambda.SpeedLayer.Kafka.Log;

/// <summary>The largest stamp among the records before an offset, when reading begins in the middle of a partition.</summary>
internal static class AppendClock
{
    /// <param name="firstAt">The first offset whose stamp is at or after a time; null if there is none.</param>
    /// <param name="before">Where reading begins.</param>
    /// <param name="lastMs">Stamp of the record just before <paramref name="before"/>.</param>
    /// <remarks>
    /// Normally one question: is there a larger stamp further ahead? Only where clocks differed it is searched for, by doubling and halving. A broker that
    /// cannot answer by time (the mock) counts as having none.
    /// </remarks>
    public static long LargestBefore(Func<long, long?> firstAt, long before, long lastMs)
    {
        bool Exists(long stampMs) => firstAt(stampMs) is { } found && found < before;

        if (!Exists(lastMs + 1)) return lastMs;
        long low = lastMs + 1, step = 1;
        while (Exists(low + step)) (low, step) = (low + step, step * 2);
        for (var high = low + step; high - low > 1;)
        {
            var middle = low + (high - low) / 2;
            if (Exists(middle)) low = middle;
            else high = middle;
        }
        return low;
    }
}
