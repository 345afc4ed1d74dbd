using Lambda.Domain.Definitions;
using Lambda.Domain.Expressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Lambda.Domain.Yaml;

/// <summary>YAML to the neutral tree that definitions are compiled from. Anchors, aliases and tags are refused: a definition says what it means where it stands.</summary>
internal sealed class YamlSource
{
    private readonly string _text;
    private readonly int[] _lineStarts;
    private readonly Parser _parser;

    private YamlSource(string text)
    {
        _text = text;
        _lineStarts = [0, .. Enumerable.Range(0, text.Length).Where(i => text[i] == '\n').Select(i => i + 1)];
        _parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
    }

    /// <exception cref="YamlException">Not YAML, or YAML that definitions do not use; its start says where.</exception>
    public static SourceNode Read(string text)
    {
        var source = new YamlSource(text);
        source._parser.Consume<StreamStart>();
        if (source._parser.Current is StreamEnd end) throw new YamlException(end.Start, end.End, "the file is empty, expected a definition");
        source._parser.Consume<DocumentStart>();
        var root = source.Node(0);
        source._parser.Consume<DocumentEnd>();
        if (source._parser.Current is DocumentStart second) throw new YamlException(second.Start, second.End, "a second document begins here, expected one");
        return root;
    }

    private const int MaxDepth = 20; // a definition needs four

    private SourceNode Node(int depth)
    {
        var current = _parser.Current ?? throw new YamlException("the file ends too early");
        if (depth > MaxDepth) throw new YamlException(current.Start, current.End, $"nested more than {MaxDepth} deep");
        if (current is NodeEvent node && (!node.Anchor.IsEmpty || !node.Tag.IsEmpty)) throw new YamlException(current.Start, current.End, "found an anchor or a tag, expected a plain value");
        return current switch
        {
            YamlDotNet.Core.Events.Scalar => Scalar(),
            MappingStart => Mapping(depth),
            SequenceStart => Sequence(depth),
            _ => throw new YamlException(current.Start, current.End, "found an alias (*name), expected the value written out"),
        };
    }

    private SourceNode.Scalar Scalar()
    {
        var scalar = _parser.Consume<YamlDotNet.Core.Events.Scalar>();
        int[]? places = null;
        return new SourceNode.Scalar(Place(scalar.Start), scalar.Value, at => PlaceAt((places ??= ScalarPlaces.Of(_text, OffsetOf(scalar.Start), scalar.Value, scalar.Style))[at]));
    }

    private SourceNode.Mapping Mapping(int depth)
    {
        var start = _parser.Consume<MappingStart>();
        var entries = new List<(SourceNode.Scalar, SourceNode)>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var at = _parser.Current!;
            if (Node(depth + 1) is not SourceNode.Scalar key) throw new YamlException(at.Start, at.End, "found a list or mapping as a key, expected a name");
            entries.Add((key, Node(depth + 1)));
        }
        return new SourceNode.Mapping(Place(start.Start), entries);
    }

    private SourceNode.Sequence Sequence(int depth)
    {
        var start = _parser.Consume<SequenceStart>();
        var items = new List<SourceNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _)) items.Add(Node(depth + 1));
        return new SourceNode.Sequence(Place(start.Start), items);
    }

    public static SourcePlace Place(Mark mark) => new((int)mark.Line, (int)mark.Column);

    private int OffsetOf(Mark mark) => Math.Min(_lineStarts[(int)mark.Line - 1] + (int)mark.Column - 1, _text.Length);

    private SourcePlace PlaceAt(int offset)
    {
        var line = Array.BinarySearch(_lineStarts, offset);
        if (line < 0) line = ~line - 1;
        return new SourcePlace(line + 1, offset - _lineStarts[line] + 1);
    }
}
