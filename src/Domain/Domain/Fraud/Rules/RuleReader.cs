using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Lambda.Domain.Definitions;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Fraud.Decisions;

namespace Lambda.Domain.Fraud.Rules;

/// <summary>Reads rules out of a file's tree. docs/fraud.md says what it may hold.</summary>
public sealed partial class RuleReader
{
    private static readonly EventType[] Of = [EventCatalog.Transaction];

    private readonly ErrorList _errors;
    private readonly Shape _shape;
    private readonly HashSet<string> _used = [], _names = [];

    private RuleReader(string file)
    {
        _errors = new ErrorList(file);
        _shape = new Shape(_errors);
    }

    /// <exception cref="Views.DefinitionException">All that is wrong, each with its place.</exception>
    public static RuleSet Read(string file, string text, SourceNode root)
    {
        var reader = new RuleReader(file);
        var keys = reader._shape.Keys(root, "the rules' file", "rules", "suppressions") ?? [];
        if (!keys.ContainsKey("rules")) reader._errors.Add(root.Place, "lacks `rules`: a list, which may be empty");
        var rules = reader.Items(keys.GetValueOrDefault("rules"), "rules", reader.Rule);
        var suppressions = reader.Items(keys.GetValueOrDefault("suppressions"), "suppressions", reader.Suppression);
        reader._errors.ThrowIfAny();
        return new RuleSet(text, rules, suppressions, reader._used);
    }

    private List<T> Items<T>(SourceNode? node, string what, Func<SourceNode, T?> read) where T : class
    {
        if (node is null) return [];
        if (node is SourceNode.Sequence list) return [.. list.Items.Select(read).OfType<T>()];
        _errors.Add(node.Place, $"found {node.Described}, expected {what} as a list");
        return [];
    }

    private FraudRule? Rule(SourceNode node)
    {
        if (_shape.Keys(node, "a rule", "name", "when", "velocity", "decision", "reason", "mode", "from", "until") is not { } keys) return null;
        var name = Text(node, keys, "name", "a name");
        if (name is not null && !RuleName().IsMatch(name.Text)) _errors.Add(name.Place, $"found `{name.Text}`, expected lower-case letters, digits and _");
        else if (name is not null && !_names.Add(name.Text)) _errors.Add(name.Place, $"a rule called `{name.Text}` stands above");
        var reason = Text(node, keys, "reason", "a reason code");
        if (reason is not null && !ReasonCode().IsMatch(reason.Text)) _errors.Add(reason.Place, $"found `{reason.Text}`, expected a code such as HIGH_SCORE");
        if (!keys.ContainsKey("when") && !keys.ContainsKey("velocity")) _errors.Add(node.Place, "a rule needs `when`, `velocity` or both");
        var when = _shape.Text(keys.GetValueOrDefault("when"), "a condition") is { } condition ? Condition(condition) : null;
        var velocity = keys.TryGetValue("velocity", out var limit) ? Velocity(limit) : null;
        var decision = DecisionOf(node, keys);
        var mode = _shape.Text(keys.GetValueOrDefault("mode"), "active or shadow");
        if (mode is not null && mode.Text is not ("active" or "shadow")) _errors.Add(mode.Place, $"found `{mode.Text}`, expected active or shadow");
        var (from, until) = (Instant(keys.GetValueOrDefault("from")) ?? long.MinValue, Instant(keys.GetValueOrDefault("until")) ?? long.MaxValue);
        if (until <= from) _errors.Add((keys.GetValueOrDefault("until") ?? node).Place, "`until` is not behind `from`: the rule would never fire");
        return new FraudRule(name?.Text ?? "", when, velocity, decision, reason?.Text ?? "", mode?.Text == "shadow", from, until)
        {
            Text = (keys.GetValueOrDefault("when") as SourceNode.Scalar)?.Text ?? "",
        };
    }

    private Decision DecisionOf(SourceNode node, Dictionary<string, SourceNode> keys)
    {
        if (Text(node, keys, "decision", "review or decline") is not { } text) return Decision.Decline;
        if (text.Text is "review" or "decline") return DecisionNames.Parse(text.Text)!.Value;
        _errors.Add(text.Place, $"found `{text.Text}`, expected review or decline: what no rule objects to is approved");
        return Decision.Decline;
    }

    private EventExpression? Condition(SourceNode.Scalar text)
    {
        var scope = new Noting(new EventScope(Of, RuleSet.Names), _used);
        if (ExpressionText.Parse(text.Text, scope, text.PlaceOf, _errors.Add) is not { } parsed) return null;
        if (parsed.Type.Scalar == ScalarType.Bool && !parsed.Type.ByKey) return EventExpressions.Compile(parsed);
        _errors.Add(text.Place, "the condition is no bool: compare something");
        return null;
    }

    /// <summary>Remembers which numbers are asked for.</summary>
    private sealed class Noting(IScope inner, HashSet<string> used) : IScope
    {
        public Expr? Resolve(string name, out string error)
        {
            var found = inner.Resolve(name, out error);
            if (found is Expr.EventField { Field: FieldRef.Declared declared }) used.Add(declared.Name);
            return found;
        }
    }

    private Velocity? Velocity(SourceNode node)
    {
        if (_shape.Keys(node, "a velocity limit", "count", "sum_minor", "within") is not { } keys) return null;
        var count = _shape.Whole(keys.GetValueOrDefault("count"), "count", 1, FraudLimits.RecentMax);
        long? sum = null;
        if (_shape.Text(keys.GetValueOrDefault("sum_minor"), "an amount in minor units") is { } text)
        {
            if (long.TryParse(text.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var minor)) sum = minor;
            else _errors.Add(text.Place, $"found `{text.Text}`, expected a whole number of minor units");
        }
        if (!keys.ContainsKey("count") && !keys.ContainsKey("sum_minor")) _errors.Add(node.Place, "a velocity limit needs `count`, `sum_minor` or both");
        var within = Text(node, keys, "within", "a span such as 10m or 24h");
        if (within is null) return null;
        var span = Span().Match(within.Text);
        var micros = span.Success ? int.Parse(span.Groups[1].ValueSpan, CultureInfo.InvariantCulture) * (span.Groups[2].ValueSpan[0] switch { 's' => FraudTime.Second, 'm' => FraudTime.Minute, _ => FraudTime.Hour }) : 0;
        if (micros is > 0 and <= 24 * FraudTime.Hour) return new Velocity(count, sum, micros);
        _errors.Add(within.Place, $"found `{within.Text}`, expected a span up to 24h, such as 30s, 10m or 24h");
        return null;
    }

    private Suppression? Suppression(SourceNode node)
    {
        if (_shape.Keys(node, "a suppression", "rule", "customer_id", "card_token", "merchant_id", "until", "who", "why") is not { } keys) return null;
        var rule = Text(node, keys, "rule", "the name of a rule, or all");
        if (rule is not null && rule.Text != "all" && !_names.Contains(rule.Text)) _errors.Add(rule.Place, $"no rule is called `{rule.Text}`{Suggestion.For(rule.Text, _names)}");
        var (customer, card, merchant) = (Value(keys, "customer_id"), Value(keys, "card_token"), Value(keys, "merchant_id"));
        if (customer is null && card is null && merchant is null) _errors.Add(node.Place, "a suppression is for a `customer_id`, a `card_token` or a `merchant_id`");
        if (!keys.ContainsKey("until")) _errors.Add(node.Place, "a suppression ends: lacks `until`");
        var (who, why) = (Text(node, keys, "who", "who wanted it"), Text(node, keys, "why", "why"));
        return new Suppression(rule?.Text == "all" ? null : rule?.Text, customer, card, merchant, Instant(keys.GetValueOrDefault("until")) ?? 0, who?.Text ?? "", why?.Text ?? "");
    }

    private string? Value(Dictionary<string, SourceNode> keys, string key) => _shape.Text(keys.GetValueOrDefault(key), key)?.Text;

    private SourceNode.Scalar? Text(SourceNode node, Dictionary<string, SourceNode> keys, string key, string what)
    {
        if (keys.TryGetValue(key, out var value)) return _shape.Text(value, what);
        _errors.Add(node.Place, $"lacks `{key}`: {what}");
        return null;
    }

    private long? Instant(SourceNode? node)
    {
        if (_shape.Text(node, "an instant") is not { } text) return null;
        if (Instants.Parse(Encoding.UTF8.GetBytes(text.Text), out var micros) == InstantError.None) return micros;
        _errors.Add(text.Place, $"found `{text.Text}`, expected an instant such as 2026-12-31T00:00:00Z");
        return null;
    }

    [GeneratedRegex("^[a-z][a-z0-9_]{0,59}$")]
    private static partial Regex RuleName();

    [GeneratedRegex("^[A-Z][A-Z0-9_]{0,59}$")]
    private static partial Regex ReasonCode();

    [GeneratedRegex("^([1-9][0-9]{0,4})([smh])$")]
    private static partial Regex Span();
}
