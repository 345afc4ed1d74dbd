using System.Text;
using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>
/// One scalar value or null, in storage units (see <see cref="ScalarType"/>). Text is UTF-8. Equality is by type and content.
/// </summary>
public readonly struct Value : IEquatable<Value>
{
    private readonly Int128 _number;
    private readonly ReadOnlyMemory<byte> _text;
    private readonly bool _hasValue;

    private Value(ScalarType type, Int128 number, ReadOnlyMemory<byte> text, bool hasValue) =>
        (Type, _number, _text, _hasValue) = (type, number, text, hasValue);

    public ScalarType Type { get; }
    public bool IsNull => !_hasValue;

    /// <summary>int64, decimal × 10^6, bool 0/1, day or instant.</summary>
    public Int128 Number => _number;
    public ReadOnlySpan<byte> Utf8 => _text.Span;
    public ReadOnlyMemory<byte> Utf8Memory => _text;
    public bool IsTrue => _hasValue && Type == ScalarType.Bool && _number != 0;

    public static Value Null(ScalarType type) => new(type, 0, default, false);
    public static Value Int(Int128 value) => new(ScalarType.Int64, value, default, true);
    public static Value DecimalScaled(Int128 micro) => new(ScalarType.Decimal, micro, default, true);
    public static Value Bool(bool value) => new(ScalarType.Bool, value ? 1 : 0, default, true);
    public static Value Day(int day) => new(ScalarType.Day, day, default, true);
    public static Value Instant(long micros) => new(ScalarType.Instant, micros, default, true);
    public static Value Text(ReadOnlyMemory<byte> utf8) => new(ScalarType.Text, 0, utf8, true);
    public static Value Text(string text) => Text(Encoding.UTF8.GetBytes(text));
    public static Value Of(ScalarType type, Int128 number) => new(type, number, default, true);

    public bool Equals(Value other) => Type == other.Type && _hasValue == other._hasValue
        && (!_hasValue || (_number == other._number && Utf8.SequenceEqual(other.Utf8)));

    public override bool Equals(object? obj) => obj is Value other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Type, _hasValue, _number, _text.Length);

    public override string ToString() => IsNull ? "null" : Type == ScalarType.Text ? Encoding.UTF8.GetString(Utf8) : $"{Type}:{_number}";
}
