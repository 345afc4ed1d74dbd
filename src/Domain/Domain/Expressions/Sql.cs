using System.Security.Cryptography;
using System.Text;
using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>
/// ClickHouse SQL of an expression that may be null, without Nullable columns: never-null parts that cannot throw, which ClickHouse computes faster and
/// which no function's treatment of NULL can bend. A scalar is a value and the condition under which it is one (elsewhere the value is anything);
/// a bool is the condition under which it is true and that under which it is false. Conditions are "1", "0" or UInt8 expressions.
/// </summary>
internal sealed class Sql
{
    private readonly string? _value, _present, _isTrue, _isFalse;

    private Sql(string? value, string? present, string? isTrue, string? isFalse) => (_value, _present, _isTrue, _isFalse) = (value, present, isTrue, isFalse);

    public static Sql Scalar(string value, string present = Always) => new(value, present, null, null);

    public static Sql Bool(string isTrue, string isFalse) => new(null, null, isTrue, isFalse);

    /// <summary>A test that is null where an operand is missing.</summary>
    public static Sql Test(string test, string present) => Bool(And(present, test), And(present, Not(test)));

    public string Value => _value ?? throw new InvalidOperationException("a bool has no value column");
    public string IsTrue => _isTrue ?? throw new InvalidOperationException("not a bool");
    public string IsFalse => _isFalse ?? throw new InvalidOperationException("not a bool");
    public string Present => _present ?? Or(IsTrue, IsFalse);

    // --- conditions ------------------------------------------------------------------------------------------------------
    public const string Always = "1", Never = "0";

    public static string And(params ReadOnlySpan<string> conditions)
    {
        var parts = new List<string>();
        foreach (var condition in conditions)
        {
            if (condition == Never) return Never;
            if (condition != Always && !parts.Contains(condition)) parts.Add(condition);
        }
        return parts.Count == 0 ? Always : parts.Count == 1 ? parts[0] : $"({string.Join(" AND ", parts)})";
    }

    public static string Or(string a, string b) =>
        a == Always || b == Always ? Always : a == Never ? b : b == Never || a == b ? a : Not(a) == b || Not(b) == a ? Always : $"({a} OR {b})";

    public static string Not(string condition) => condition switch
    {
        Always => Never,
        Never => Always,
        _ => $"(NOT {condition})",
    };

    public static string If(string condition, string then, string otherwise) =>
        condition == Always || then == otherwise ? then : condition == Never ? otherwise : $"if({condition}, {then}, {otherwise})";

    // --- names for what is used more than once -----------------------------------------------------------------------------
    /// <summary>
    /// Names a sub-expression where it is needed twice: the first mention defines an alias, later ones use it. The name is a hash of the text, so equal names
    /// mean equal expressions however the caller combines what was emitted.
    /// </summary>
    public static (string Define, string Use) Let(string text)
    {
        if (text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.')) return (text, text);
        var name = "x_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 10));
        return ($"({text} AS {name})", name);
    }

    // --- literals --------------------------------------------------------------------------------------------------------
    public static string Text(ReadOnlySpan<byte> utf8)
    {
        var sql = new StringBuilder("'");
        foreach (var c in Encoding.UTF8.GetString(utf8))
            sql.Append(c switch { '\'' => "\\'", '\\' => "\\\\", '\0' => "\\0", '\n' => "\\n", '\r' => "\\r", '\t' => "\\t", '\b' => "\\b", '\f' => "\\f", _ => c.ToString() });
        return sql.Append('\'').ToString();
    }

    public static string Text(string text) => Text(Encoding.UTF8.GetBytes(text));

    public static string Number(Int128 number, ScalarType type) => type switch
    {
        ScalarType.Decimal => $"toInt128('{number}')",
        ScalarType.Day => $"toInt32({number})",
        _ => $"toInt64({number})",
    };

    /// <summary>An Int256 literal.</summary>
    public static string Wide(Int128 number) => $"toInt256('{number}')";
}
