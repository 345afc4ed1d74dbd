namespace Lambda.SpeedLayer.Generation;

/// <summary>What to generate. The same options give the same bytes, on every machine and in every later version that keeps <see cref="EventGenerator.StreamVersion"/>.</summary>
public sealed record GeneratorOptions
{
    public int Customers { get; init; } = 10_000;

    /// <summary>How many come out, duplicates included, bad lines not.</summary>
    public long Events { get; init; } = 1_000_000;

    /// <summary>Length of the time they cover.</summary>
    public int Days { get; init; } = 90;

    public ulong Seed { get; init; } = 1;

    /// <summary>The last instant, microseconds since 1970.</summary>
    public required long EndMicros { get; init; }

    /// <summary>Share of events that come later than they happened: mostly hours, some days, a few months.</summary>
    public double LateRate { get; init; }

    /// <summary>Share of events that are repeats of an earlier one, to the byte.</summary>
    public double DuplicateRate { get; init; }

    /// <summary>Share of events with fields that the catalog does not know.</summary>
    public double UnknownFieldRate { get; init; }

    /// <summary>Share of lines that no parser may accept, beside the events; they have no record.</summary>
    public double BadLineRate { get; init; }

    /// <summary>True: the k-th customer is 1/k as active as the first. False: activity follows the customer's segment.</summary>
    public bool Zipf { get; init; }

    /// <exception cref="ArgumentException">Names the option, its value and what is expected.</exception>
    public void Check()
    {
        if (Customers is < 1 or > 50_000_000) throw new ArgumentException($"customers: {Customers}, expected 1..50000000");
        if (Events < 0) throw new ArgumentException($"events: {Events}, expected 0 or more");
        if (Days is < 1 or > 3_660) throw new ArgumentException($"days: {Days}, expected 1..3660");
        foreach (var (name, rate) in new[] { ("late_rate", LateRate), ("duplicate_rate", DuplicateRate), ("unknown_field_rate", UnknownFieldRate), ("bad_line_rate", BadLineRate) })
            if (rate is not (>= 0 and <= 0.9)) throw new ArgumentException($"{name}: {rate}, expected 0..0.9");
    }
}
