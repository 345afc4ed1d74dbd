using Lambda.Warehouse.Client;

namespace Lambda.Warehouse.Analysts;

/// <summary>
/// Functions that compute from their arguments alone. Chosen by the categories that the server's own list gives them, so that what it can do is allowed and what
/// reads files, dictionaries, other tables, settings or the server itself (most of `Other`, `Dictionary`, `Introspection`, …) is not.
/// </summary>
internal sealed class AllowedFunctions
{
    private static readonly string[] Categories =
    [
        "Aggregate Functions", "Arithmetic", "Arrays", "Bit", "Bitmap", "Comparison", "Conditional", "Dates and Times", "Distance", "Encoding", "Financial", "Hash", "IP Address", "JSON",
        "Logical", "Map", "Mathematical", "Null", "Rounding", "String", "String Replacement", "String Search", "String Splitting", "Time Window", "Tuple", "Type Conversion", "URL", "UUID",
    ];

    /// <summary>Harmless ones among `Other`, and those that the parser puts in by itself.</summary>
    private static readonly string[] Besides =
        ["transform", "ignore", "materialize", "identity", "toTypeName", "formatReadableSize", "formatReadableQuantity", "formatReadableTimeDelta", "bar", "rowNumberInAllBlocks", "grouping", "lambda", "exists", "_CAST"];

    private static readonly string[] Refused = ["flameGraph", "aggThrow"];

    /// <summary>What may stand behind an aggregate's name.</summary>
    private static readonly string[] Combinators = ["If", "Array", "Map", "Distinct", "OrDefault", "OrNull", "ForEach", "State", "Merge", "ArgMin", "ArgMax", "Resample"];

    private readonly HashSet<string> _names, _aggregates;

    public AllowedFunctions(IEnumerable<(string Name, bool IsAggregate, string AliasTo, string Categories, string Origin)> known)
    {
        var all = known.Where(f => f.Origin == "System" && !Refused.Contains(f.Name) && !Refused.Contains(f.AliasTo)).ToList();
        var good = all.Where(f => Categories.Contains(f.Categories) || (f.AliasTo.Length == 0 && Besides.Contains(f.Name))).Select(f => f.Name).ToHashSet();
        good.UnionWith(all.Where(f => f.AliasTo.Length > 0 && good.Contains(f.AliasTo)).Select(f => f.Name).ToList());
        _names = new HashSet<string>([.. good, .. Besides], StringComparer.OrdinalIgnoreCase);
        _aggregates = new HashSet<string>(all.Where(f => f.IsAggregate && good.Contains(f.Name)).Select(f => f.Name), StringComparer.OrdinalIgnoreCase);
    }

    public static async Task<AllowedFunctions> OfAsync(ClickHouseClient client, CancellationToken cancel) => new(await client.ListAsync(
        "SELECT name, toUInt8(is_aggregate), alias_to, toString(categories), toString(origin) FROM system.functions",
        (ref RowBinaryReader row) => (row.Text(), row.Bool(), row.Text(), row.Text(), row.Text()), cancel: cancel));

    public bool Contains(string name)
    {
        if (_names.Contains(name)) return true;
        while (Combinators.FirstOrDefault(c => name.Length > c.Length && name.EndsWith(c, StringComparison.Ordinal)) is { } combinator)
        {
            name = name[..^combinator.Length];
            if (_aggregates.Contains(name)) return true;
        }
        return false;
    }
}
