using System.Security.Cryptography;
using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Lifetime;
using Lambda.Domain.Views;

namespace Lambda.Domain.Definitions;

/// <summary>Whether a definition is to be taken up, or was before: that one is read though it be refused today.</summary>
public enum DefinitionAge { New, Stored }

/// <summary>A definition's source tree to a checked <see cref="ViewDefinition"/>, or all that is wrong with it.</summary>
public sealed class DefinitionCompiler
{
    public const int MaxMetrics = 1000, MaxTileRetentionDays = 3660;

    private readonly string _text;
    private readonly ErrorList _errors;
    private readonly Shape _shape;
    private readonly NameTable _names;
    private readonly List<FieldRef.Declared> _fields = [];
    private readonly List<Metric> _metrics = [];
    private readonly List<Derived> _derived = [];
    private readonly List<Segment> _segments = [];
    private readonly List<OutputColumn> _outputs = [];

    private readonly DefinitionAge _age;

    private DefinitionCompiler(string file, string text, DefinitionAge age)
    {
        (_text, _age) = (text, age);
        _errors = new ErrorList(file);
        _shape = new Shape(_errors);
        _names = new NameTable(_errors);
    }

    /// <exception cref="DefinitionException">Every error found, by place.</exception>
    public static ViewDefinition Compile(string file, string text, SourceNode root, DefinitionAge age = DefinitionAge.New)
    {
        var compiler = new DefinitionCompiler(file, text, age);
        var definition = compiler.Read(root);
        compiler._errors.ThrowIfAny();
        return definition!;
    }

    /// <summary>SHA-256 of the text, lower-case hex.</summary>
    public static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private ViewDefinition? Read(SourceNode root)
    {
        var keys = _shape.Keys(root, "a definition", "view", "tile_retention_days", "fields", "metrics", "derived", "segments", "lifetime");
        if (keys is null) return null;
        if (!keys.ContainsKey("view")) _errors.Add(root.Place, "the definition lacks `view`: its name");
        if (!keys.ContainsKey("metrics")) _errors.Add(root.Place, "the definition lacks `metrics`");
        var name = _shape.Text(keys.GetValueOrDefault("view"), "the view's name");
        if (name is not null) new NameTable(_errors).Add(name.Text, "view", name.Place);
        var retention = _shape.Whole(keys.GetValueOrDefault("tile_retention_days"), "tile_retention_days", 1, MaxTileRetentionDays) ?? ViewDefinition.DefaultTileRetentionDays;
        if (keys.TryGetValue("fields", out var fields)) ReadFields(fields);
        if (keys.TryGetValue("metrics", out var metrics)) ReadMetrics(metrics, retention);
        if (keys.TryGetValue("derived", out var derived)) ReadDerived(derived, keys.GetValueOrDefault("segments"));
        if (keys.TryGetValue("segments", out var segments)) ReadSegments(segments);
        var lifetime = keys.TryGetValue("lifetime", out var inputs) ? new LifetimeReader(_errors, _shape, _names, _outputs).Read(inputs) : null;
        return name is null ? null : new ViewDefinition(name.Text, HashOf(_text), _text, retention, _fields, _metrics, _derived, _segments, _outputs) { Lifetime = lifetime };
    }

    private void ReadFields(SourceNode node)
    {
        foreach (var (name, (key, value)) in _shape.Entries(node, "fields") ?? [])
        {
            if (EventCatalog.FieldNamed(name) is not null || EventScope.IsCommon(name) || name == "customer_id")
                _errors.Add(key.Place, $"`{name}` is in the catalogue and cannot be declared again");
            else if (!new NameTable(_errors).Add(name, "field", key.Place)) continue;
            else if (_shape.Text(value, "a type") is { } word)
            {
                if (Types.Named(word.Text) is { } type) _fields.Add(new FieldRef.Declared(name, type));
                else _errors.Add(word.Place, $"no type is called `{word.Text}`{Suggestion.For(word.Text, TypeWords)}; there are {string.Join(", ", TypeWords)}");
            }
        }
    }

    private static readonly string[] TypeWords = [.. Enum.GetValues<ScalarType>().Select(t => t.Word())];

    private void ReadMetrics(SourceNode node, int retention)
    {
        var reader = new MetricReader(_errors, _shape, _fields, retention);
        if (_shape.Entries(node, "metrics") is not { } entries) return;
        if (entries.Count is 0 or > MaxMetrics) _errors.Add(node.Place, $"found {entries.Count} metrics, expected 1 to {MaxMetrics}");
        var windows = new List<(Metric Metric, SourcePlace Place)>();
        foreach (var (name, (key, value)) in entries)
        {
            var named = _names.Add(name, "metric", key.Place);
            if (reader.Read(_metrics.Count, name, key.Place, value) is not { } metric || !named) continue;
            _metrics.Add(metric);
            windows.Add((metric, key.Place));
        }
        foreach (var (metric, place) in windows)
        {
            AddOutput(metric, 0);
            foreach (var days in metric.WindowDays)
                if (_names.Add($"{metric.Name}_{days}d", $"{days}-day window of `{metric.Name}`", place)) AddOutput(metric, days);
        }
    }

    private void AddOutput(Metric metric, int windowDays)
    {
        IReadOnlyList<string>? keys = metric.By is null ? null : [.. metric.By.Vocabulary!, ViewDefinition.OtherKey];
        var name = windowDays == 0 ? metric.Name : $"{metric.Name}_{windowDays}d";
        _outputs.Add(new OutputColumn(_outputs.Count, name, OutputKind.Metric, new(metric.ResultScalar, keys is not null), metric, windowDays, keys, metric.Pii, metric.Doc));
    }

    private void ReadDerived(SourceNode node, SourceNode? segments)
    {
        var entries = _shape.Entries(node, "derived") ?? [];
        var segmentNames = segments is SourceNode.Mapping mapping ? mapping.Entries.Select(e => e.Key.Text).ToHashSet() : [];
        foreach (var (name, (key, value)) in entries)
        {
            string? Explain(string other) => other == name ? $"`{name}` cannot read itself"
                : entries.TryGetValue(other, out var later) ? Unusable(other, later.Key.Place)
                : segmentNames.Contains(other) ? $"`{other}` is a segment: derived values are computed before segments" : Estimated(other, "a derived value");
            var named = _names.Add(name, "derived value", key.Place);
            if (ReadExpression(value, "a derived value", Explain, "expr", "doc", "pii") is not var (expression, at, keys) || !named) continue;
            if (expression.Type.ByKey)
            {
                _errors.Add(at, $"`{name}` is {expression.Type.Words()}, expected a single value: take one key with ['key'], or use total or top_key");
                continue;
            }
            var pii = _shape.Flag(keys.GetValueOrDefault("pii"), "pii") ?? ExprTree.Outputs(expression).Any(i => _outputs[i].Pii);
            var derived = new Derived(name, Doc(keys), expression, pii);
            _derived.Add(derived);
            _outputs.Add(new OutputColumn(_outputs.Count, name, OutputKind.Derived, expression.Type, null, 0, null, pii, derived.Doc));
        }

        // One that stands above but is not there had an error of its own: that is told once, here only the consequence.
        string Unusable(string other, SourcePlace place) => _names.Has(other) ? $"`{other}` (line {place.Line}) has an error" : $"`{other}` stands below (line {place.Line}): move it up, derived values read those above";
    }

    /// <summary>Paths beside those of the segments.</summary>
    private static readonly string[] ReservedSegments = ["feed"];

    private void ReadSegments(SourceNode node)
    {
        var entries = _shape.Entries(node, "segments") ?? [];
        foreach (var (name, (key, value)) in entries)
        {
            var named = _names.Add(name, "segment", key.Place);
            if (_age == DefinitionAge.New && ReservedSegments.Contains(name)) _errors.Add(key.Place, $"no segment can be called `{name}`: /v1/segments/{name} has a meaning of its own; choose another name");
            if (ReadExpression(value, "a segment", Explain, "expr", "doc") is not var (rule, at, keys)) continue;
            if (rule.Type != new ResultType(ScalarType.Bool, false)) _errors.Add(at, $"segment `{name}` is {rule.Type.Words()}, expected bool");
            else if (named) _segments.Add(new Segment(name, Doc(keys), rule));
        }

        string? Explain(string other) => entries.ContainsKey(other) ? $"`{other}` is a segment: segments read metrics and derived values" : Estimated(other, "a segment");
    }

    /// <summary>What the law holds for is a function of the log alone: a model that is fitted anew must not move it.</summary>
    private static string? Estimated(string name, string what) => name == EstimateColumns.Model || EstimateColumns.Choice.Contains(name)
        ? $"`{name}` is an estimate: {what} is exact and cannot rest on a model; searches, exports and SQL can name it"
        : null;

    /// <summary>An expression alone, or with keys beside `expr`.</summary>
    private (Expr Expression, SourcePlace At, Dictionary<string, SourceNode> Keys)? ReadExpression(SourceNode node, string what, Func<string, string?> explain, params string[] known)
    {
        var keys = node is SourceNode.Mapping ? _shape.Keys(node, what, known)! : new Dictionary<string, SourceNode> { ["expr"] = node };
        if (!keys.ContainsKey("expr")) _errors.Add(node.Place, $"{what} lacks `expr`");
        if (_shape.Text(keys.GetValueOrDefault("expr"), "an expression") is not { } text) return null;
        string? Known(string name) => explain(name) ?? (_names.Has(name) ? $"`{name}` has an error of its own" : null);
        return ExpressionText.Parse(text.Text, new AnswerScope(_outputs, Known), text.PlaceOf, _errors.Add) is { } expression ? (expression, text.PlaceOf(0), keys) : null;
    }

    private string Doc(Dictionary<string, SourceNode> keys) => (_shape.Text(keys.GetValueOrDefault("doc"), "a text")?.Text ?? "").Trim();
}
