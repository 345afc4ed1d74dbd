using System.Globalization;
using Lambda.Domain.Definitions;
using Lambda.Domain.Fraud.Rules;

namespace Lambda.Domain.Fraud.Decisions;

/// <summary>Reads a policy file's tree: `unknown_card`, and `bands` by rising amount with an answer for each cause.</summary>
public static class PolicyReader
{
    private static readonly Failing[] Causes = Enum.GetValues<Failing>();
    private static readonly string[] BandKeys = ["up_to", "otherwise", .. Causes.Select(DecisionNames.Of)];

    /// <exception cref="Views.DefinitionException">All that is wrong, each with its place.</exception>
    public static FraudPolicy Read(string file, SourceNode root)
    {
        var errors = new ErrorList(file);
        var shape = new Shape(errors);
        var keys = shape.Keys(root, "a policy", "unknown_card", "bands") ?? [];
        var unknown = Decision(errors, shape, keys.GetValueOrDefault("unknown_card"), root, "unknown_card");
        var bands = Bands(errors, shape, keys.GetValueOrDefault("bands"), root);
        errors.ThrowIfAny();
        return new FraudPolicy(unknown, bands);
    }

    private static List<PolicyBand> Bands(ErrorList errors, Shape shape, SourceNode? node, SourceNode root)
    {
        var bands = new List<PolicyBand>();
        if (node is not SourceNode.Sequence { Items.Count: > 0 } list)
        {
            errors.Add((node ?? root).Place, "expected `bands`: a list of at least one, by rising amount");
            return bands;
        }
        for (var i = 0; i < list.Items.Count; i++)
        {
            var item = list.Items[i];
            if (shape.Keys(item, "a band", BandKeys) is not { } keys) continue;
            var upTo = UpTo(errors, shape, keys.GetValueOrDefault("up_to"), item, isLast: i == list.Items.Count - 1);
            if (bands.Count > 0 && upTo <= bands[^1].UpToMinor) errors.Add(item.Place, $"`up_to` {upTo} is not above that of the band before, {bands[^1].UpToMinor}");
            var answers = Causes.Where(c => keys.ContainsKey(DecisionNames.Of(c))).ToDictionary(c => c, c => Decision(errors, shape, keys[DecisionNames.Of(c)], item, DecisionNames.Of(c)));
            bands.Add(new PolicyBand(upTo, Decision(errors, shape, keys.GetValueOrDefault("otherwise"), item, "otherwise"), answers));
        }
        return bands;
    }

    /// <summary>The last band has no end, or there would be amounts without an answer.</summary>
    private static long UpTo(ErrorList errors, Shape shape, SourceNode? node, SourceNode band, bool isLast)
    {
        if (isLast)
        {
            if (node is not null) errors.Add(node.Place, "the last band has no `up_to`: it is for everything above");
            return long.MaxValue;
        }
        if (node is null) errors.Add(band.Place, "a band but the last needs `up_to`: the largest amount in minor units of the account's currency");
        else if (shape.Text(node, "an amount") is { } text)
        {
            if (long.TryParse(text.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var amount)) return amount;
            errors.Add(node.Place, $"found {node.Described}, expected a whole number of minor units");
        }
        return 0;
    }

    private static Decision Decision(ErrorList errors, Shape shape, SourceNode? node, SourceNode parent, string what)
    {
        if (node is null) errors.Add(parent.Place, $"lacks `{what}`: approve, review or decline");
        else if (shape.Text(node, $"{what}: approve, review or decline") is { } text)
        {
            if (DecisionNames.Parse(text.Text) is { } decision) return decision;
            errors.Add(node.Place, $"found {node.Described}, expected {what}: approve, review or decline");
        }
        return Rules.Decision.Decline;
    }
}
