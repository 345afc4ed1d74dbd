using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>What an expression is evaluated over: an event, or an answer.</summary>
internal readonly struct Frame(EventRow? row, Value[] scalars, Value[]?[] maps, int today)
{
    public readonly EventRow Row = row!;
    public readonly Value[] Scalars = scalars;
    public readonly Value[]?[] Maps = maps;
    public readonly int Today = today;
}

internal enum Truth : sbyte { Null = -1, False = 0, True = 1 }

// False from the first three is null.
internal delegate bool LongFn(in Frame frame, out long value);
internal delegate bool DecimalFn(in Frame frame, out Int128 value);
internal delegate bool TextFn(in Frame frame, out ReadOnlyMemory<byte> value);
internal delegate Truth BoolFn(in Frame frame);

/// <summary>A compiled expression: one closure for its type. Long stands for int64, day and instant.</summary>
internal sealed class Node
{
    private readonly LongFn? _long;
    private readonly DecimalFn? _decimal;
    private readonly TextFn? _text;
    private readonly BoolFn? _bool;

    public Node(ScalarType type, LongFn evaluate) => (Type, _long) = (type, evaluate);
    public Node(DecimalFn evaluate) => (Type, _decimal) = (ScalarType.Decimal, evaluate);
    private Node(TextFn evaluate) => (Type, _text) = (ScalarType.Text, evaluate);
    public Node(BoolFn evaluate) => (Type, _bool) = (ScalarType.Bool, evaluate);

    /// <summary>By name, since a closure alone does not say text or decimal.</summary>
    public static Node OfText(TextFn evaluate) => new(evaluate);

    public ScalarType Type { get; }
    public LongFn Long => _long ?? throw Wrong("a number");
    public TextFn Text => _text ?? throw Wrong("text");
    public BoolFn Bool => _bool ?? throw Wrong("bool");

    /// <summary>As a decimal; an int64 is scaled.</summary>
    public DecimalFn Decimal
    {
        get
        {
            if (_decimal is not null) return _decimal;
            if (Type != ScalarType.Int64) throw Wrong("a decimal");
            var number = Long;
            return (in f, out value) =>
            {
                var present = number(f, out var whole);
                value = (Int128)whole * DecimalMath.One;
                return present;
            };
        }
    }

    public Value Evaluate(in Frame frame)
    {
        switch (Type)
        {
            case ScalarType.Decimal:
                return Decimal(frame, out var scaled) ? Value.DecimalScaled(scaled) : Value.Null(Type);
            case ScalarType.Text:
                return Text(frame, out var text) ? Value.Text(ScratchText.Keep(text)) : Value.Null(Type);
            case ScalarType.Bool:
                var truth = Bool(frame);
                return truth == Truth.Null ? Value.Null(Type) : Value.Bool(truth == Truth.True);
            default:
                return Long(frame, out var number) ? Value.Of(Type, number) : Value.Null(Type);
        }
    }

    private InvalidOperationException Wrong(string wanted) => new($"an expression of type {Type} was compiled where {wanted} was needed");
}

/// <summary>
/// Memory for texts made while one expression is evaluated (lower, upper): a buffer per thread, reused by the next evaluation, so that folding allocates nothing.
/// </summary>
internal static class ScratchText
{
    [ThreadStatic] private static byte[]? buffer;
    [ThreadStatic] private static int used;

    public static void Reset() => used = 0;

    public static Memory<byte> Take(int length)
    {
        if (buffer is null || buffer.Length - used < length)
        {
            buffer = new byte[Math.Max(1024, 2 * length)]; // texts taken earlier keep the old buffer alive
            used = 0;
        }
        var taken = buffer.AsMemory(used, length);
        used += length;
        return taken;
    }

    /// <summary>The text itself if it is a constant or an output of an answer; a copy if the next evaluation or record would overwrite it.</summary>
    public static ReadOnlyMemory<byte> Keep(ReadOnlyMemory<byte> text) =>
        MemoryMarshal.TryGetArray(text, out var segment) && !ReferenceEquals(segment.Array, buffer) ? text : text.ToArray();
}
