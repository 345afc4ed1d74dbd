using Lambda.Domain.Expressions;

namespace Lambda.Domain.Definitions;

/// <summary>Reads the tree's shape: mappings with known keys, texts, flags, whole numbers. Each reports what it found instead.</summary>
internal sealed class Shape(ErrorList errors)
{
    /// <summary>The entries of a mapping with only these keys, each once; null if it is no mapping.</summary>
    public Dictionary<string, SourceNode>? Keys(SourceNode node, string what, params IReadOnlyList<string> known)
    {
        var entries = Entries(node, what);
        if (entries is null) return null;
        foreach (var (name, (key, _)) in entries)
            if (!known.Contains(name)) errors.Add(key.Place, $"{what} has no key `{name}`{Suggestion.For(name, known)}; its keys are {string.Join(", ", known)}");
        return entries.ToDictionary(e => e.Key, e => e.Value.Value);
    }

    /// <summary>The entries of a mapping with free keys, in file order; repeated keys are reported and dropped.</summary>
    public Dictionary<string, (SourceNode.Scalar Key, SourceNode Value)>? Entries(SourceNode node, string what)
    {
        if (node is not SourceNode.Mapping mapping)
        {
            errors.Add(node.Place, $"found {node.Described}, expected {what} as a mapping (key: value)");
            return null;
        }
        var entries = new Dictionary<string, (SourceNode.Scalar, SourceNode)>();
        foreach (var (key, value) in mapping.Entries)
        {
            if (!entries.TryAdd(key.Text, (key, value)))
                errors.Add(key.Place, $"`{key.Text}` is given twice; the first is in line {entries[key.Text].Item1.Place.Line}");
        }
        return entries;
    }

    public SourceNode.Scalar? Text(SourceNode? node, string what)
    {
        if (node is null) return null;
        if (node is SourceNode.Scalar { Text.Length: > 0 } scalar) return scalar;
        errors.Add(node.Place, $"found {node.Described}, expected {what}");
        return null;
    }

    /// <summary>null if absent or wrong.</summary>
    public bool? Flag(SourceNode? node, string what)
    {
        if (node is null) return null;
        if (node is SourceNode.Scalar { Text: "true" or "false" } flag) return flag.Text == "true";
        errors.Add(node.Place, $"found {node.Described}, expected {what}: true or false");
        return null;
    }

    public int? Whole(SourceNode? node, string what, int least, int most)
    {
        if (node is null) return null;
        if (node is SourceNode.Scalar scalar && int.TryParse(scalar.Text, out var number) && number >= least && number <= most) return number;
        errors.Add(node.Place, $"found {node.Described}, expected {what}: a whole number from {least} to {most}");
        return null;
    }

    /// <summary>A list of texts; one text stands for a list of one.</summary>
    public IReadOnlyList<SourceNode.Scalar> Texts(SourceNode? node, string what)
    {
        if (node is null) return [];
        if (node is SourceNode.Sequence sequence) return [.. sequence.Items.Select(i => Text(i, what)).OfType<SourceNode.Scalar>()];
        return Text(node, what) is { } one ? [one] : [];
    }
}
