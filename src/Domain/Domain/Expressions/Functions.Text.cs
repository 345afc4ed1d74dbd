using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

public static partial class Functions
{
    private delegate bool TextTest(ReadOnlySpan<byte> text, ReadOnlySpan<byte> part);

    private static Function Lower => field ??= Recased("lower", "A–Z become a–z; other characters stay.", b => b is >= (byte)'A' and <= (byte)'Z' ? (byte)(b | 0x20) : b);

    private static Function Upper => field ??= Recased("upper", "a–z become A–Z; other characters stay.", b => b is >= (byte)'a' and <= (byte)'z' ? (byte)(b & ~0x20) : b);

    private static Function Length => field ??= new("length", "length(text) → int64", "Number of code points.")
    {
        Check = c => c.Strict(ScalarType.Int64, ScalarType.Text),
        Compile = call =>
        {
            var operand = Arg(call, 0).Text;
            return new Node(ScalarType.Int64, (in f, out value) =>
            {
                value = 0;
                if (!operand(f, out var text)) return false;
                foreach (var b in text.Span)
                    if ((b & 0xC0) != 0x80) value++; // bytes that begin a code point
                return true;
            });
        },
        Emit = (call, sql) =>
        {
            var text = sql.Emit(call.Arguments[0]);
            return Sql.Scalar($"toInt64(lengthUTF8({text.Value}))", text.Present);
        },
    };

    private static Function StartsWith => field ??= Tested("starts_with", "True if the first text begins with the second.",
        (text, part) => text.StartsWith(part), (text, part) => $"startsWith({text}, {part})");

    private static Function EndsWith => field ??= Tested("ends_with", "True if the first text ends with the second.",
        (text, part) => text.EndsWith(part), (text, part) => $"endsWith({text}, {part})");

    private static Function Contains => field ??= Tested("contains", "True if the second text occurs in the first.",
        (text, part) => text.IndexOf(part) >= 0, (text, part) => $"(position({text}, {part}) > 0)");

    private static Function Recased(string name, string doc, Func<byte, byte> recase) => new(name, $"{name}(text) → text", doc)
    {
        Check = c => c.Strict(ScalarType.Text, ScalarType.Text),
        Compile = call =>
        {
            var operand = Arg(call, 0).Text;
            return Node.OfText((in f, out value) =>
            {
                value = default;
                if (!operand(f, out var text)) return false;
                var recased = ScratchText.Take(text.Length);
                for (var i = 0; i < text.Length; i++) recased.Span[i] = recase(text.Span[i]);
                value = recased;
                return true;
            });
        },
        Emit = (call, sql) =>
        {
            var text = sql.Emit(call.Arguments[0]);
            return Sql.Scalar($"{name}({text.Value})", text.Present);
        },
    };

    private static Function Tested(string name, string doc, TextTest test, Func<string, string, string> emit) => new(name, $"{name}(text, part text) → bool", doc + " Compares bytes.")
    {
        Check = c => c.Strict(ScalarType.Bool, ScalarType.Text, ScalarType.Text),
        Compile = call =>
        {
            var (text, part) = (Arg(call, 0).Text, Arg(call, 1).Text);
            return new Node((in f) => !text(f, out var a) || !part(f, out var b) ? Truth.Null : test(a.Span, b.Span) ? Truth.True : Truth.False);
        },
        Emit = (call, sql) =>
        {
            var (text, part) = (sql.Emit(call.Arguments[0]), sql.Emit(call.Arguments[1]));
            return Sql.Test(sql.Let(emit(text.Value, part.Value)), Sql.And(text.Present, part.Present));
        },
    };
}
