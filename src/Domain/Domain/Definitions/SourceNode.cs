using Lambda.Domain.Expressions;

namespace Lambda.Domain.Definitions;

/// <summary>A definition file as a tree with places, whatever syntax it was written in. Domain knows no YAML.</summary>
public abstract record SourceNode(SourcePlace Place)
{
    /// <summary>As an error message names it.</summary>
    public abstract string Described { get; }

    /// <param name="PlaceOf">Place in the file of the n-th character of the text, which quotes, escapes and folded lines move.</param>
    public sealed record Scalar(SourcePlace Place, string Text, Func<int, SourcePlace> PlaceOf) : SourceNode(Place)
    {
        public override string Described => Text.Length == 0 ? "nothing" : $"`{(Text.Length <= 40 ? Text : Text[..37] + "…")}`";
    }

    public sealed record Sequence(SourcePlace Place, IReadOnlyList<SourceNode> Items) : SourceNode(Place)
    {
        public override string Described => "a list";
    }

    /// <summary>Entries in file order; a key may occur twice.</summary>
    public sealed record Mapping(SourcePlace Place, IReadOnlyList<(Scalar Key, SourceNode Value)> Entries) : SourceNode(Place)
    {
        public override string Described => "a mapping";
    }
}
