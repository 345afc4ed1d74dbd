using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>Names and relations of types, as the definition's author reads them.</summary>
public static class Types
{
    public static string Word(this ScalarType type) => type switch
    {
        ScalarType.Int64 => "int64",
        ScalarType.Decimal => "decimal",
        ScalarType.Text => "text",
        ScalarType.Bool => "bool",
        ScalarType.Day => "day",
        _ => "instant",
    };

    public static string Words(this ResultType type) => type.ByKey ? $"a map of {type.Scalar.Word()}" : type.Scalar.Word();

    public static ScalarType? Named(string word) => Enum.GetValues<ScalarType>().Cast<ScalarType?>().FirstOrDefault(t => t!.Value.Word() == word);

    public static bool IsNumber(this ScalarType type) => type is ScalarType.Int64 or ScalarType.Decimal;

    /// <summary>The type that values of both have: the same, or decimal for the two numbers.</summary>
    public static bool TryUnify(ScalarType a, ScalarType b, out ScalarType common)
    {
        common = a == b ? a : ScalarType.Decimal;
        return a == b || (a.IsNumber() && b.IsNumber());
    }
}
