namespace Lambda.LoadTests.Scenarios;

/// <summary>How busy each hour of a payday is, 1 at its peak. Between two hours the rate changes evenly.</summary>
internal sealed class DayCurve(TimeSpan day)
{
    private static readonly double[] Hours =
    [
        0.06, 0.05, 0.05, 0.05, 0.06, 0.10, 0.18, 0.32, 0.62, 1.00, 0.84, 0.58, // salaries are there at nine
        0.64, 0.60, 0.46, 0.44, 0.48, 0.58, 0.68, 0.66, 0.48, 0.32, 0.20, 0.10,
    ];

    public double At(TimeSpan since)
    {
        var hour = Math.Clamp(since / day, 0, 1) * Hours.Length % Hours.Length;
        var (from, share) = ((int)hour, hour % 1);
        return Hours[from] * (1 - share) + Hours[(from + 1) % Hours.Length] * share;
    }
}
