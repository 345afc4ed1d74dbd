using System.Globalization;
using System.IO.Compression;

namespace Lambda.SystemTests.RealData;

/// <param name="Minor">Cents.</param>
/// <param name="IsFraud">Labelled so: the label is an event of its own.</param>
internal readonly record struct Purchase(string Customer, DateTime At, long Minor, bool IsFraud = false);

/// <summary>The data sets as plain rows, read without any of Lambda's code: what Lambda answers is held against these.</summary>
internal static class Purchases
{
    /// <summary>` 00001 19970101  1   11.77`, one line of names before.</summary>
    public static List<Purchase> OfCdnow(string file) =>
        [.. File.ReadLines(file).Skip(1).Select(l => l.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Where(c => c.Length > 0)
            .Select(c => new Purchase("cdnow-" + c[0], DateTime.ParseExact(c[1], "yyyyMMdd", CultureInfo.InvariantCulture), Cents(c[3])))];

    /// <summary>`transaction_id,occurred_at,customer_id,terminal_id,amount,is_fraud,fraud_scenario`, one line of names before.</summary>
    public static List<Purchase> OfHandbook(string file)
    {
        using var content = File.OpenRead(file);
        using var text = new StreamReader(file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(content, CompressionMode.Decompress) : content);
        text.ReadLine();
        var purchases = new List<Purchase>();
        while (text.ReadLine() is { Length: > 0 } line)
        {
            var c = line.Split(',');
            purchases.Add(new Purchase("handbook-" + c[2], DateTime.ParseExact(c[1], "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), Cents(c[4]), c[5] == "1"));
        }
        return purchases;
    }

    /// <summary>`12.5` is 1250, digit by digit: no floating point, and more than two decimals are an error.</summary>
    private static long Cents(string amount)
    {
        var parts = amount.Split('.');
        var cents = parts.Length == 1 ? "00" : parts[1].PadRight(2, '0');
        if (parts.Length > 2 || cents.Length != 2) throw new FormatException($"{amount}: not an amount with two decimals");
        return long.Parse(parts[0] + cents, NumberStyles.None, CultureInfo.InvariantCulture);
    }
}

/// <summary>What one customer's answer must be.</summary>
internal sealed class Expected(string customer, IReadOnlyList<Purchase> purchases)
{
    public string Customer => customer;
    public long Count { get; } = purchases.Count;
    public long Spend { get; } = purchases.Sum(p => p.Minor);
    public long Frauds { get; } = purchases.Count(p => p.IsFraud);
    public DateTime First { get; } = purchases.Min(p => p.At);
    public DateTime Last { get; } = purchases.Max(p => p.At);

    /// <summary>Purchases on the days asOf - days + 1 … asOf.</summary>
    public (long Count, long Spend) Window(DateOnly asOf, int days)
    {
        long count = 0, spend = 0;
        foreach (var p in purchases)
        {
            var age = asOf.DayNumber - DateOnly.FromDateTime(p.At).DayNumber;
            if (age < 0 || age >= days) continue;
            count++;
            spend += p.Minor;
        }
        return (count, spend);
    }

    public static List<Expected> Of(IEnumerable<Purchase> purchases) =>
        [.. purchases.GroupBy(p => p.Customer).Select(g => new Expected(g.Key, [.. g]))];
}
