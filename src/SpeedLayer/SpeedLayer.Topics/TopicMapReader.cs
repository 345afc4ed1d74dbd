using System.Text.Encodings.Web;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Lambda.SpeedLayer.Topics;

/// <summary>Reads the list of topics from YAML. Unknown names are refused, with their place.</summary>
public sealed class TopicMapReader
{
    private readonly string _file;

    private TopicMapReader(string file) => _file = file;

    /// <exception cref="TopicMapException">Names file, line, column, what was found and what was expected.</exception>
    public static IReadOnlyList<TopicMap> Read(string text, string file) => new TopicMapReader(file).ReadRoot(text);

    private List<TopicMap> ReadRoot(string text)
    {
        var yaml = new YamlStream();
        try
        {
            yaml.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            throw new TopicMapException($"{_file}:{e.Start.Line}:{e.Start.Column}: not YAML: {e.Message}");
        }
        if (yaml.Documents.Count == 0) throw new TopicMapException($"{_file}:1:1: empty; expected `topics:`");
        var root = Mapping(yaml.Documents[0].RootNode, "topics");
        if (!root.TryGetValue("topics", out var topics) || topics is not YamlSequenceNode { Children.Count: > 0 } list)
            throw Wrong(topics ?? yaml.Documents[0].RootNode, "expected `topics:` with at least one topic");
        var maps = list.Children.Select(ReadTopic).ToList();
        for (var i = 1; i < maps.Count; i++)
            if (maps.FindIndex(m => m.Topic == maps[i].Topic) < i) throw Wrong(list.Children[i], $"topic `{maps[i].Topic}` stands twice");
        return maps;
    }

    private TopicMap ReadTopic(YamlNode node)
    {
        var topic = Mapping(node, "topic", "bootstrap", "start", "event_id", "reader", "rename", "constants");
        if (!topic.TryGetValue("topic", out var name) || Text(name).Length == 0) throw Wrong(node, "expected `topic:`");
        return new TopicMap(
            Text(name),
            topic.TryGetValue("bootstrap", out var servers) ? Text(servers) : null,
            topic.TryGetValue("start", out var start) && Choice(start, "beginning", "end") == "end",
            topic.TryGetValue("event_id", out var id) && Choice(id, "message", "position") == "position",
            topic.TryGetValue("reader", out var reader) && Choice(reader, "plain", "streams") == "streams",
            Each(topic, "rename", Text), Each(topic, "constants", Json));
    }

    private Dictionary<string, string> Each(Dictionary<string, YamlNode> from, string name, Func<YamlNode, string> read) =>
        from.TryGetValue(name, out var node) ? Mapping(node).ToDictionary(p => p.Key, p => read(p.Value)) : [];

    // As in YAML: true, false and numbers mean themselves unless they are quoted.
    private string Json(YamlNode node)
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

    private string Choice(YamlNode node, params string[] expected) =>
        expected.Contains(Text(node)) ? Text(node) : throw Wrong(node, $"found `{Text(node)}`, expected {string.Join(" or ", expected)}");

    private Dictionary<string, YamlNode> Mapping(YamlNode node, params string[] expected)
    {
        if (node is not YamlMappingNode mapping) throw Wrong(node, "expected `name: value` lines");
        foreach (var key in mapping.Children.Keys)
            if (expected.Length > 0 && !expected.Contains(Text(key))) throw Wrong(key, $"unknown name `{Text(key)}`, expected one of {string.Join(", ", expected)}");
        return mapping.Children.ToDictionary(c => Text(c.Key), c => c.Value);
    }

    private string Text(YamlNode node) => node is YamlScalarNode { Value: { } text } ? text : throw Wrong(node, "expected one value");

    private TopicMapException Wrong(YamlNode node, string message) => new($"{_file}:{node.Start.Line}:{node.Start.Column}: {message}");
}
