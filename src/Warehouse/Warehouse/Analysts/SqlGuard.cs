using System.Text.RegularExpressions;
using Lambda.Serving.Ports;

namespace Lambda.Warehouse.Analysts;

/// <summary>
/// Reads the tree that ClickHouse's own parser made of a statement (EXPLAIN AST: a node a line, nothing is run) and refuses everything that is not known to be
/// harmless: kinds of nodes, functions, table functions, names in other databases. A new kind of clause or function is refused until somebody thinks about it.
/// A name with a line break in it can only add lines, never take one away, so it can only cause a refusal.
/// </summary>
internal sealed partial class SqlGuard(AllowedFunctions functions, IReadOnlySet<string> databases, string own)
{
    // SETTINGS (Set) and APPLY (whose functions the tree does not show) are missing on purpose.
    private static readonly HashSet<string> Harmless =
    [
        "SelectWithUnionQuery", "SelectIntersectExceptQuery", "SelectQuery", "Subquery", "ExpressionList", "Literal", "Asterisk", "QualifiedAsterisk", "ColumnsRegexpMatcher",
        "QualifiedColumnsRegexpMatcher", "ColumnsListMatcher", "QualifiedColumnsListMatcher", "ColumnsTransformerList", "ColumnsExceptTransformer", "ColumnsReplaceTransformer",
        "ColumnsReplaceTransformer::Replacement", "TablesInSelectQuery", "TablesInSelectQueryElement", "TableExpression", "TableJoin", "ArrayJoin", "OrderByElement",
        "WindowDefinition", "WindowListElement", "WithElement", "InterpolateElement", "SampleRatio",
    ];

    private static readonly HashSet<string> TableFunctions = new(StringComparer.OrdinalIgnoreCase) { "numbers", "values" };

    /// <param name="tree">Lines of EXPLAIN AST.</param>
    /// <exception cref="SqlRefusedException">Says what is not allowed.</exception>
    public void Check(IReadOnlyList<string> tree)
    {
        if (tree.Count == 0 || !tree[0].StartsWith("SelectWithUnionQuery", StringComparison.Ordinal)) throw new SqlRefusedException("only SELECT is allowed");
        var parent = "";
        foreach (var line in tree)
        {
            var node = line.TrimStart(' ');
            if (node.Length == 0) continue;
            Check(KindOf(node), node, parent);
            parent = KindOf(node);
        }
    }

    private void Check(string kind, string node, string before)
    {
        switch (kind)
        {
            case "Function":
                var function = NameOf(node);
                // The first child of a table expression is what stands in FROM; functions of the same name elsewhere are others.
                var isKnown = before == "TableExpression" ? TableFunctions.Contains(function) : functions.Contains(function);
                if (!isKnown) throw new SqlRefusedException($"function `{function}` is not allowed");
                break;
            case "TableIdentifier":
                var table = NameOf(node);
                if (table.Contains('.') && !table.StartsWith(own + ".", StringComparison.Ordinal)) throw new SqlRefusedException($"table `{table}` is not allowed: there are customer_current and events");
                break;
            case "Identifier":
                var name = NameOf(node);
                // `x IN system.tables` reads a table that stands as a plain name.
                if (name.IndexOf('.') is > 0 and var dot && databases.Contains(name[..dot]) && !name.StartsWith(own + ".", StringComparison.Ordinal))
                    throw new SqlRefusedException($"name `{name}` is not allowed: it leads into another database");
                break;
            default:
                if (!Harmless.Contains(kind)) throw new SqlRefusedException(kind == "Set" ? "SETTINGS is not allowed" : kind == "ColumnsApplyTransformer" ? "APPLY is not allowed" : $"{kind} is not allowed");
                break;
        }
    }

    private static string KindOf(string node) => node.IndexOf(' ') is >= 0 and var space ? node[..space] : node;

    /// <summary>`Function sumIf (alias x) (children 1)` → sumIf. What cannot be read is a name that is not known.</summary>
    private static string NameOf(string node) => NodePattern().Match(node).Groups[1].Value is { Length: > 0 } name ? name : node;

    [GeneratedRegex(@"\A\w+ (.*?)(?: \(alias [^\n]*?\))?(?: \(children \d+\))?\z", RegexOptions.CultureInvariant)]
    private static partial Regex NodePattern();
}
