using System.Text;
using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>
/// ClickHouse SQL of an expression that may be null, without Nullable columns: never-null parts that cannot throw, which ClickHouse computes faster and
/// which no function's treatment of NULL can bend. A scalar is a value and the condition under which it is one (elsewhere the value is anything);
/// a bool is the condition under which it is true and that under which it is false. Conditions are "1", "0" or UInt8 expressions. All texts stand for
/// themselves: a name, a literal, a call, or in parentheses.
/// </summary>
internal sealed class Sql
{
    private readonly string? _value, _present, _isTrue, _isFalse;

    private Sql(string? value, string? present, string? isTrue, string? isFalse) => (_value, _present, _isTrue, _isFalse) = (value, present, isTrue, isFalse);

    public static Sql Scalar(string value, string present = Always) => new(value, present, null, null);

    public static Sql Bool(string isTrue, string isFalse) => new(null, null, isTrue, isFalse);

    public static Sql NeverNull(string isTrue) => new(null, Always, isTrue, Not(isTrue));

    /// <summary>A test that is null where an operand is missing.</summary>
    public static Sql Test(string test, string present) => present == Always ? NeverNull(test) : Bool(And(present, test), And(present, Not(test)));

    public bool IsScalar => _value is not null;
    public string Value => _value ?? throw new InvalidOperationException("a bool has no value column");
    public string IsTrue => _isTrue ?? throw new InvalidOperationException("not a bool");
    public string IsFalse => _isFalse ?? throw new InvalidOperationException("not a bool");
    public string Present => _present ?? Or(IsTrue, IsFalse);
    public bool IsNeverNull => Present == Always;

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

    public static string Or(string a, string b)
    {
        if (a == Always || b == Always) return Always;
        if (a == Never) return b;
        return b == Never || a == b ? a : $"({a} OR {b})";
    }

    public static string Not(string condition) => condition switch
    {
        Always => Never,
        Never => Always,
        _ => $"(NOT {condition})",
    };

    public static string If(string condition, string then, string otherwise) =>
        condition == Always || then == otherwise ? then : condition == Never ? otherwise : $"if({condition}, {then}, {otherwise})";

    // --- literals --------------------------------------------------------------------------------------------------------
    public static string Text(ReadOnlySpan<byte> utf8)
    {
        var sql = new StringBuilder("'");
        foreach (var c in Encoding.UTF8.GetString(utf8))
        {
            if (c < ' ') sql.Append($"\\x{(int)c:X2}");
            else sql.Append(c switch { '\'' => "\\'", '\\' => "\\\\", _ => c.ToString() });
        }
        return sql.Append('\'').ToString();
    }

    public static string Text(string text) => Text(Encoding.UTF8.GetBytes(text));

    public static string Number(Int128 number, ScalarType type) => type switch
    {
        ScalarType.Decimal => $"toInt128('{number}')",
        ScalarType.Day => $"toInt32({number})",
        _ when number == long.MinValue => "toInt64('-9223372036854775808')", // the bare literal is read as a float
        _ => $"toInt64({number})",
    };

    /// <summary>An Int256 literal.</summary>
    public static string Wide(Int128 number) => $"toInt256('{number}')";
}
