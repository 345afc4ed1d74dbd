using System.Security.Cryptography;
using System.Text;
using Lambda.Domain.Cards;
using Lambda.Domain.Events;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Lambda.SpeedLayer.Import;

/// <summary>Reads a mapping from YAML. Unknown names are refused, with their place. See docs/import.md.</summary>
public sealed class ImportMapReader
{
    private static readonly Dictionary<string, ScalarType> Types = Enum.GetValues<ScalarType>().ToDictionary(t => t.ToString().ToLowerInvariant());

    private readonly string _file;
    private readonly HashSet<string> _known = [];
    private bool _columnsFromHeader;

    private ImportMapReader(string file) => _file = file;

    /// <exception cref="ImportMapException">Names file, line, column, what was found and what was expected.</exception>
    public static ImportMap Read(string text, string file) => new ImportMapReader(file).ReadRoot(text);

    private ImportMap ReadRoot(string text)
    {
        var yaml = new YamlStream();
        try
        {
            yaml.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            throw new ImportMapException($"{_file}:{e.Start.Line}:{e.Start.Column}: not YAML: {e.Message}");
        }
        if (yaml.Documents.Count == 0) throw new ImportMapException($"{_file}:1:1: empty; expected `file:` and `events:`");
        var root = Mapping(yaml.Documents[0].RootNode, "file", "events");
        var shape = ReadShape(root, out var columns);
        if (!root.TryGetValue("events", out var events) || events is not YamlSequenceNode { Children.Count: > 0 } list)
            throw Wrong(events ?? yaml.Documents[0].RootNode, "expected `events:` with at least one template");
        var map = new ImportMap(shape, columns, [.. list.Children.Select(ReadTemplate)], Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16]);
        foreach (var (template, node) in map.Events.Zip(list.Children)) CheckCards(map, template, node);
        return map;
    }

    /// <summary>A card's number becomes a token under its own name only: under another it would be kept.</summary>
    private void CheckCards(ImportMap map, EventTemplate template, YamlNode node)
    {
        foreach (var field in template.Fields.Where(f => f.Name != CardText.NumberField))
            if (field.Source.Columns.FirstOrDefault(map.CardColumns.Contains) is { } column)
                throw Wrong(node, $"{field.Name}: column `{column}` holds cards' numbers, of which {CardText.NumberField} alone may be made");
    }

    private FileShape ReadShape(Dictionary<string, YamlNode> root, out List<string> columns)
    {
        var file = root.TryGetValue("file", out var node) ? Mapping(node, "delimiter", "quoted", "skip_lines", "header", "columns", "comment", "encoding") : [];
        columns = file.TryGetValue("columns", out var names) ? [.. Sequence(names).Select(Text)] : [];
        _columnsFromHeader = columns.Count == 0;
        _known.UnionWith(columns);
        var delimiter = file.TryGetValue("delimiter", out var d) ? ReadDelimiter(d) : ',';
        return new FileShape(
            delimiter,
            Bool(file, "quoted", true), Int(file, "skip_lines"), Bool(file, "header", _columnsFromHeader),
            file.TryGetValue("comment", out var c) ? Text(c) is [var one] ? one : throw Wrong(c, "expected one character") : null,
            file.TryGetValue("encoding", out var e) ? KnownEncoding(e) : "utf-8");
    }

    private char? ReadDelimiter(YamlNode node) => Text(node) switch
    {
        "whitespace" => null,
        "tab" => '\t',
        [var one] when char.IsAscii(one) => one,
        var other => throw Wrong(node, $"found `{other}`, expected one ASCII character, `tab` or `whitespace`"),
    };

    private EventTemplate ReadTemplate(YamlNode node)
    {
        var conditions = new List<Condition>();
        var fields = new List<FieldRule>();
        foreach (var (key, value) in Mapping(node))
        {
            if (key is "when" or "unless") conditions.AddRange(Mapping(value).Select(c => ReadCondition(value, c.Key, c.Value, negated: key == "unless")));
            else fields.Add(ReadField(key, value));
        }
        foreach (var needed in new[] { "event_id", "customer_id", "type", "occurred_at" })
            if (fields.All(f => f.Name != needed)) throw Wrong(node, $"an event needs {needed}");
        return new EventTemplate(conditions, fields);
    }

    private Condition ReadCondition(YamlNode place, string column, YamlNode value, bool negated)
    {
        CheckColumn(place, column);
        var values = value is YamlSequenceNode list ? list.Children.Select(Text) : [Text(value)];
        return new Condition(column, values.ToHashSet(), negated);
    }

    private FieldRule ReadField(string name, YamlNode node)
    {
        var type = TypeOf(name);
        if (node is YamlScalarNode scalar) return new FieldRule(name, type, ReadTemplateText(scalar), DefaultTime(type), null, null, DecimalComma: false);
        var rule = Mapping(node, "column", "template", "type", "format", "zone", "plus", "values", "default", "decimal_comma");
        if (rule.ContainsKey("column") == rule.ContainsKey("template")) throw Wrong(node, $"{name}: expected `column:` or `template:`");
        if (rule.TryGetValue("type", out var given))
            type = Types.TryGetValue(Text(given), out var t) ? t : throw Wrong(given, $"found `{Text(given)}`, expected one of {string.Join(", ", Types.Keys)}");
        Template source;
        if (rule.TryGetValue("column", out var column))
        {
            CheckColumn(column, Text(column));
            source = Template.OfColumn(Text(column));
        }
        else source = ReadTemplateText((YamlScalarNode)rule["template"]);
        return new FieldRule(
            name, type, source, ReadTime(rule, type),
            rule.TryGetValue("values", out var values) ? Mapping(values).ToDictionary(v => v.Key, v => Text(v.Value)) : null,
            rule.TryGetValue("default", out var missing) ? Text(missing) : null, Bool(rule, "decimal_comma", false));
    }

    private TimeRule? ReadTime(Dictionary<string, YamlNode> rule, ScalarType? type)
    {
        if (type is not (ScalarType.Instant or ScalarType.Day))
        {
            foreach (var name in new[] { "format", "zone", "plus" })
                if (rule.TryGetValue(name, out var odd)) throw Wrong(odd, $"`{name}` is for days and instants");
            return null;
        }
        var format = rule.TryGetValue("format", out var f) ? Text(f) : null;
        return new TimeRule(format, rule.TryGetValue("zone", out var z) ? Zone(z) : TimeZoneInfo.Utc, rule.TryGetValue("plus", out var p) ? Span(p) : TimeSpan.Zero);
    }

    private static TimeRule? DefaultTime(ScalarType? type) => type is ScalarType.Instant or ScalarType.Day ? new TimeRule(null, TimeZoneInfo.Utc, TimeSpan.Zero) : null;

    /// <summary>Type by the catalogue; text for fields it does not know, and for amounts, which the ingress reads exactly from text.</summary>
    private static ScalarType? TypeOf(string name) => name == "occurred_at" ? ScalarType.Instant : EventCatalog.FieldNamed(name)?.Type;

    private Template ReadTemplateText(YamlScalarNode node)
    {
        try
        {
            var template = Template.Parse(Text(node));
            foreach (var column in template.Columns) CheckColumn(node, column);
            return template;
        }
        catch (FormatException e)
        {
            throw Wrong(node, e.Message);
        }
    }

    /// <summary>Columns that a header names are checked when the file is opened.</summary>
    private void CheckColumn(YamlNode node, string column)
    {
        if (!_columnsFromHeader && !_known.Contains(column)) throw Wrong(node, $"unknown column `{column}`, expected one of {string.Join(", ", _known)}");
    }

    private TimeZoneInfo Zone(YamlNode node) =>
        TimeZoneInfo.TryFindSystemTimeZoneById(Text(node), out var zone) ? zone : throw Wrong(node, $"unknown time zone `{Text(node)}`, expected an IANA name such as Europe/Vienna or UTC");

    private TimeSpan Span(YamlNode node)
    {
        var text = Text(node);
        var ok = int.TryParse(text.AsSpan(0, Math.Max(0, text.Length - 1)), out var n);
        return (ok ? text[^1] : ' ') switch
        {
            'd' => TimeSpan.FromDays(n),
            'h' => TimeSpan.FromHours(n),
            'm' => TimeSpan.FromMinutes(n),
            's' => TimeSpan.FromSeconds(n),
            _ => throw Wrong(node, $"found `{text}`, expected a whole number with d, h, m or s"),
        };
    }

    private string KnownEncoding(YamlNode node)
    {
        try
        {
            Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
            return Encoding.GetEncoding(Text(node)).WebName;
        }
        catch (ArgumentException)
        {
            throw Wrong(node, $"unknown encoding `{Text(node)}`, expected a name such as utf-8, latin1 or windows-1252");
        }
    }

    private int Int(Dictionary<string, YamlNode> from, string name) =>
        !from.TryGetValue(name, out var node) ? 0 : int.TryParse(Text(node), out var n) && n >= 0 ? n : throw Wrong(node, $"{name}: expected a whole number");

    private bool Bool(Dictionary<string, YamlNode> from, string name, bool missing) =>
        !from.TryGetValue(name, out var node) ? missing : bool.TryParse(Text(node), out var b) ? b : throw Wrong(node, $"{name}: expected true or false");

    private Dictionary<string, YamlNode> Mapping(YamlNode node, params string[] expected)
    {
        if (node is not YamlMappingNode mapping) throw Wrong(node, "expected `name: value` lines");
        foreach (var key in mapping.Children.Keys)
            if (expected.Length > 0 && !expected.Contains(Text(key))) throw Wrong(key, $"unknown name `{Text(key)}`, expected one of {string.Join(", ", expected)}");
        return mapping.Children.ToDictionary(c => Text(c.Key), c => c.Value);
    }

    private IEnumerable<YamlNode> Sequence(YamlNode node) => node is YamlSequenceNode list ? list.Children : throw Wrong(node, "expected a list");

    private string Text(YamlNode node) => node is YamlScalarNode { Value: { } text } ? text : throw Wrong(node, "expected one value");

    private ImportMapException Wrong(YamlNode node, string message) => new($"{_file}:{node.Start.Line}:{node.Start.Column}: {message}");
}
