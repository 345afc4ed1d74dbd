using System.Text.Encodings.Web;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Lambda.SpeedLayer.Sources;

/// <summary>Reads a list of sources from YAML, node by node. Unknown names are refused, with their place.</summary>
public sealed class SourceYaml(string file)
{
    /// <summary>Each entry of the list that stands under <paramref name="name"/>, alone in the file.</summary>
    /// <param name="key">What no two entries may share.</param>
    /// <exception cref="SourceListException">Names file, line, column, what was found and what was expected.</exception>
    public List<T> ReadList<T>(string text, string name, string one, Func<YamlNode, T> read, Func<T, string> key)
    {
        var yaml = new YamlStream();
        try
        {
            yaml.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            throw new SourceListException($"{file}:{e.Start.Line}:{e.Start.Column}: not YAML: {e.Message}");
        }
        if (yaml.Documents.Count == 0) throw new SourceListException($"{file}:1:1: empty; expected `{name}:`");
        var root = Mapping(yaml.Documents[0].RootNode, name);
        if (!root.TryGetValue(name, out var found) || found is not YamlSequenceNode { Children.Count: > 0 } list)
            throw Wrong(found ?? yaml.Documents[0].RootNode, $"expected `{name}:` with at least one {one}");
        var entries = list.Children.Select(read).ToList();
        for (var i = 1; i < entries.Count; i++)
            if (entries.FindIndex(e => key(e) == key(entries[i])) < i) throw Wrong(list.Children[i], $"{one} `{key(entries[i])}` stands twice");
        return entries;
    }

    public Dictionary<string, string> Each(Dictionary<string, YamlNode> from, string name, Func<YamlNode, string> read) =>
        from.TryGetValue(name, out var node) ? Mapping(node).ToDictionary(p => p.Key, p => read(p.Value)) : [];

    /// <summary>As in YAML: true, false and numbers mean themselves unless they are quoted.</summary>
    public string Json(YamlNode node)
    {
        var text = Text(node);
        if (node is YamlScalarNode { Style: ScalarStyle.Plain })
            try
            {
                using var json = JsonDocument.Parse(text);
                if (json.RootElement.ValueKind is JsonValueKind.True or JsonValueKind.False or JsonValueKind.Number) return text;
            }
            catch (JsonException) { }
        return $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
    }

    public string Choice(YamlNode node, params string[] expected) =>
        expected.Contains(Text(node)) ? Text(node) : throw Wrong(node, $"found `{Text(node)}`, expected {string.Join(" or ", expected)}");

    /// <param name="expected">The names it may have; none: any.</param>
    public Dictionary<string, YamlNode> Mapping(YamlNode node, params string[] expected)
    {
        if (node is not YamlMappingNode mapping) throw Wrong(node, "expected `name: value` lines");
        foreach (var key in mapping.Children.Keys)
            if (expected.Length > 0 && !expected.Contains(Text(key))) throw Wrong(key, $"unknown name `{Text(key)}`, expected one of {string.Join(", ", expected)}");
        return mapping.Children.ToDictionary(c => Text(c.Key), c => c.Value);
    }

    public string Text(YamlNode node) => node is YamlScalarNode { Value: { } text } ? text : throw Wrong(node, "expected one value");

    public SourceListException Wrong(YamlNode node, string message) => new($"{file}:{node.Start.Line}:{node.Start.Column}: {message}");
}

/// <summary>A list of sources is wrong; the message names file, line, column and what was expected.</summary>
public sealed class SourceListException(string message) : Exception(message);
