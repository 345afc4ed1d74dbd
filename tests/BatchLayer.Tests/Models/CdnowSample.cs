using System.Globalization;
using Lambda.Domain.Lifetime;

namespace Lambda.BatchLayer.Tests.Models;

/// <summary>
/// The 2,357 customers of the CDNOW sample that Fader and Hardie's papers fit: 39 weeks to know them by, 39 weeks to predict. Made from CDNOW_sample.txt as
/// published with their papers and shipped in lifetimes (MIT): purchases of a day are one.
/// </summary>
internal static class CdnowSample
{
    public const double DaysPerWeek = 7;

    public static readonly IReadOnlyList<(PurchaseHistory History, int Later)> Customers =
        [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Models", "cdnow-sample.csv")).Skip(1).Select(Read)];

    /// <summary>In weeks and dollars, as the papers give their parameters.</summary>
    public static IReadOnlyList<PurchaseHistory> InWeeks =>
        [.. Customers.Select(c => new PurchaseHistory(c.History.Repeats, c.History.LastDays / DaysPerWeek, c.History.AgeDays / DaysPerWeek, c.History.MeanMinor / 100, c.History.MeanOver))];

    private static (PurchaseHistory, int) Read(string line)
    {
        var cells = line.Split(',').Select(c => double.Parse(c, CultureInfo.InvariantCulture)).ToArray();
        return (new PurchaseHistory((long)cells[1], cells[2], cells[3], cells[4], (long)cells[1]), (int)cells[5]);
    }
}
