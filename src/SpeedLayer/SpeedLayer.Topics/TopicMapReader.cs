using Lambda.SpeedLayer.Sources;
using YamlDotNet.RepresentationModel;

namespace Lambda.SpeedLayer.Topics;

/// <summary>Reads the list of topics from YAML.</summary>
public static class TopicMapReader
{
    /// <exception cref="SourceListException">Names file, line, column, what was found and what was expected.</exception>
    public static IReadOnlyList<TopicMap> Read(string text, string file)
    {
        var yaml = new SourceYaml(file);
        return yaml.ReadList(text, "topics", "topic", node => ReadTopic(yaml, node), map => map.Topic);
    }

    private static TopicMap ReadTopic(SourceYaml yaml, YamlNode node)
    {
        var topic = yaml.Mapping(node, "topic", "bootstrap", "start", "event_id", "reader", "rename", "constants");
        if (!topic.TryGetValue("topic", out var name) || yaml.Text(name).Length == 0) throw yaml.Wrong(node, "expected `topic:`");
        var idFromPosition = topic.TryGetValue("event_id", out var id) && yaml.Choice(id, "message", "position") == "position";
        return new TopicMap(
            yaml.Text(name),
            topic.TryGetValue("bootstrap", out var servers) ? yaml.Text(servers) : null,
            topic.TryGetValue("start", out var start) && yaml.Choice(start, "beginning", "end") == "end",
            topic.TryGetValue("reader", out var reader) && yaml.Choice(reader, "plain", "streams") == "streams",
            new EventMap(idFromPosition, yaml.Each(topic, "rename", yaml.Text), yaml.Each(topic, "constants", yaml.Json)));
    }
}
