using System.Globalization;
using System.Text.RegularExpressions;
using Lambda.Domain.Cards;
using Lambda.SpeedLayer.Sources;
using YamlDotNet.RepresentationModel;

namespace Lambda.SpeedLayer.Polling;

/// <summary>Reads the list of polled sources from YAML. Secrets stand in it by reference only.</summary>
/// <param name="variable">The environment.</param>
public sealed partial class PolledSourceReader(string file, Func<string, string?> variable)
{
    private static readonly string[] Names =
        ["source", "url", "headers", "items", "paging", "since", "pages_max", "page_bytes", "interval", "timeout", "event_id", "rename", "constants", "fields"];

    private readonly SourceYaml _yaml = new(file);

    /// <exception cref="SourceListException">Names file, line, column, what was found and what was expected.</exception>
    public IReadOnlyList<PolledSource> Read(string text) => _yaml.ReadList(text, "sources", "source", ReadSource, s => s.Name);

    private PolledSource ReadSource(YamlNode node)
    {
        var from = _yaml.Mapping(node, Names);
        var name = Text(from, "source") is { } n && Name().IsMatch(n) ? n : throw _yaml.Wrong(node, "expected `source:`, a name of letters, digits, - and _");
        var url = Url(from.GetValueOrDefault("url") ?? throw _yaml.Wrong(node, "expected `url:`"));
        var headers = from.TryGetValue("headers", out var h) ? Headers(h, url) : [];
        var eventId = Text(from, "event_id");
        if (eventId is not null && !ItemReader.Place().Matches(eventId).Any(m => m.Groups[1].Value != "source")) throw _yaml.Wrong(from["event_id"], "expected fields of the items, such as {source}:{id}:{updated_at}");
        var rename = _yaml.Each(from, "rename", _yaml.Text);
        if (eventId is not null && ItemReader.Place().Matches(eventId).Any(m => rename.GetValueOrDefault(m.Groups[1].Value) == CardText.NumberField)) throw _yaml.Wrong(from["event_id"], "is made of a card's number, which would be kept");
        return new PolledSource(
            name, url, headers, Text(from, "items") ?? "",
            from.TryGetValue("paging", out var paging) ? Paged(paging) : new Paging.None(),
            from.TryGetValue("since", out var since) ? ReadSince(since) : null,
            Number(from, "pages_max", 1_000, 1, 100_000), Number(from, "page_bytes", 16 << 20, 1 << 10, 256 << 20),
            Span(from, "interval", TimeSpan.FromMinutes(1)), Span(from, "timeout", TimeSpan.FromSeconds(30)), eventId,
            new EventMap(eventId is not null, rename, _yaml.Each(from, "constants", _yaml.Json)),
            from.TryGetValue("fields", out var fields) ? _yaml.Mapping(fields).ToDictionary(f => f.Key, f => Field(f.Value)) : []);
    }

    private Uri Url(YamlNode node) => Uri.TryCreate(_yaml.Text(node), UriKind.Absolute, out var url) && url is { Scheme: "http" or "https", UserInfo: "", Fragment: "" }
        ? url
        : throw _yaml.Wrong(node, "expected an http or https address without user and fragment");

    private Dictionary<string, string> Headers(YamlNode node, Uri url)
    {
        var headers = new Dictionary<string, string>();
        foreach (var (name, value) in _yaml.Mapping(node))
        {
            if (!Token().IsMatch(name)) throw _yaml.Wrong(value, $"`{name}` is no name of a header");
            var isSecret = value is YamlMappingNode;
            if (!isSecret && SecretName().IsMatch(name)) throw _yaml.Wrong(value, $"a secret by reference: {name}: {{env: NAME}} or {{file: PATH}}");
            if (isSecret && url is { Scheme: "http", IsLoopback: false }) throw _yaml.Wrong(value, "a secret over plain http: expected https");
            headers[name] = isSecret ? Secret(value) : _yaml.Text(value);
            if (headers[name].AsSpan().ContainsAnyInRange('\0', '\x1f')) throw _yaml.Wrong(value, $"header {name} has control characters");
        }
        return headers;
    }

    private string Secret(YamlNode node)
    {
        var from = _yaml.Mapping(node, "env", "file", "prefix");
        var secret = Text(from, "env") is { } name ? variable(name) ?? throw _yaml.Wrong(node, $"the environment has no {name}")
            : Text(from, "file") is { } path ? FileText(node, path)
            : throw _yaml.Wrong(node, "expected {env: NAME} or {file: PATH}");
        return Text(from, "prefix") + secret;
    }

    private string FileText(YamlNode node, string path)
    {
        try
        {
            return File.ReadAllText(path).TrimEnd('\r', '\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw _yaml.Wrong(node, e.Message);
        }
    }

    private Paging Paged(YamlNode node)
    {
        var from = _yaml.Mapping(node, "next", "link_header", "page", "first", "last", "cursor", "field");
        if (from.ContainsKey("next")) return new Paging.NextLink(Text(from, "next"));
        if (from.TryGetValue("link_header", out var header) && _yaml.Choice(header, "true") == "true") return new Paging.NextLink(null);
        if (Text(from, "page") is { } page) return new Paging.Number(page, Number(from, "first", 1, 0, 1), Text(from, "last"));
        if (Text(from, "cursor") is { } cursor && Text(from, "field") is { } field) return new Paging.Cursor(cursor, field);
        throw _yaml.Wrong(node, "expected {next: PATH}, {link_header: true}, {page: PARAMETER} or {cursor: PARAMETER, field: PATH}");
    }

    private Since ReadSince(YamlNode node)
    {
        var from = _yaml.Mapping(node, "parameter", "field", "answer", "type", "start", "overlap");
        var path = Text(from, "field") ?? Text(from, "answer");
        if (Text(from, "parameter") is not { } parameter || path is null) throw _yaml.Wrong(node, "expected `parameter:`, and `field:` (of the items) or `answer:` (a field of the answer)");
        var type = from.TryGetValue("type", out var t) ? Enum.Parse<SinceType>(_yaml.Choice(t, "time", "number", "opaque"), ignoreCase: true) : SinceType.Time;
        if (type == SinceType.Opaque && from.ContainsKey("field")) throw _yaml.Wrong(t!, "an opaque cursor of items has no order: expected time or number");
        var overlap = !from.TryGetValue("overlap", out var o) ? 0 : type switch
        {
            SinceType.Time => Span(from, "overlap", TimeSpan.Zero).Ticks,
            SinceType.Number => Number(from, "overlap", 0, 0, int.MaxValue),
            _ => throw _yaml.Wrong(o, "an opaque cursor cannot overlap"),
        };
        var start = Text(from, "start");
        if (start is not null && SinceOrder.Read(type, start) is null) throw _yaml.Wrong(from["start"], $"expected a {type.ToString().ToLowerInvariant()}");
        return new Since(parameter, path, from.ContainsKey("field"), type, start, overlap);
    }

    private FieldType Field(YamlNode node)
    {
        var text = _yaml.Text(node);
        var kind = text.TrimEnd('?');
        return FieldType.Kinds.Contains(kind) && text.Length - kind.Length <= 1
            ? new FieldType(kind, text.EndsWith('?'))
            : throw _yaml.Wrong(node, $"found `{text}`, expected {string.Join(", ", FieldType.Kinds)}, with ? behind it when it may be missing or null");
    }

    private string? Text(Dictionary<string, YamlNode> from, string name) => from.TryGetValue(name, out var node) ? _yaml.Text(node) : null;

    private int Number(Dictionary<string, YamlNode> from, string name, int missing, int min, int max) => !from.TryGetValue(name, out var node) ? missing
        : int.TryParse(_yaml.Text(node), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max ? number
        : throw _yaml.Wrong(node, $"found `{_yaml.Text(node)}`, expected a whole number {min}..{max}");

    /// <summary>A number with its unit: 500ms, 30s, 5m, 1h, 2d.</summary>
    private TimeSpan Span(Dictionary<string, YamlNode> from, string name, TimeSpan missing)
    {
        if (!from.TryGetValue(name, out var node)) return missing;
        var match = Duration().Match(_yaml.Text(node));
        if (!match.Success) throw _yaml.Wrong(node, $"found `{_yaml.Text(node)}`, expected a time such as 500ms, 30s, 5m, 1h, 2d");
        var number = int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        return match.Groups[2].Value switch
        {
            "ms" => TimeSpan.FromMilliseconds(number),
            "s" => TimeSpan.FromSeconds(number),
            "m" => TimeSpan.FromMinutes(number),
            "h" => TimeSpan.FromHours(number),
            _ => TimeSpan.FromDays(number),
        };
    }

    [GeneratedRegex("^([1-9][0-9]{0,4})(ms|s|m|h|d)$")]
    private static partial Regex Duration();

    [GeneratedRegex("^[A-Za-z0-9_-]{1,64}$")]
    private static partial Regex Name();

    [GeneratedRegex("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
    private static partial Regex Token();

    [GeneratedRegex("authorization|cookie|token|secret|api-?key", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();
}
