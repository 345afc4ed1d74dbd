using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>
/// ClickHouse SQL over the columns of raw.events with exactly the meaning of <see cref="EventExpression"/>. Results are Int64 (int64, instant), Int128 × 10^6
/// (decimal), String (text), UInt8 (bool), Int32 (day), Nullable where the expression can be null. `of` are the event types the rows are known to have:
/// fields required by all of them need no presence test. Inner results may be named with aliases derived from their content: unique in a query by construction.
/// </summary>
public static class EventSql
{
    public static string Emit(Expr expression, IReadOnlyList<EventType>? of = null) => throw new NotImplementedException();

    /// <summary>A never-null UInt8 condition that is 1 exactly where the bool expression is true: shorter and faster than testing <see cref="Emit"/>.</summary>
    public static string EmitCondition(Expr expression, IReadOnlyList<EventType>? of = null) => throw new NotImplementedException();

    /// <summary>The value of a field as a Nullable column (plain where `of` requires the field).</summary>
    public static string Emit(FieldRef field, IReadOnlyList<EventType>? of = null) => throw new NotImplementedException();

    /// <summary>A never-null UInt8 condition: the field is present.</summary>
    public static string EmitPresent(FieldRef field, IReadOnlyList<EventType>? of = null) => throw new NotImplementedException();
}

/// <summary>ClickHouse SQL over finished output columns, with exactly the meaning of <see cref="AnswerExpression"/>.</summary>
public static class AnswerSql
{
    /// <param name="outputColumn">SQL of an output's column: Nullable scalar, or Map(String, …) with absent keys left out.</param>
    /// <param name="todayExpression">SQL of the as_of day, Int32 and never null.</param>
    public static string Emit(Expr expression, Func<int, string> outputColumn, string todayExpression) => throw new NotImplementedException();

    public static string EmitCondition(Expr expression, Func<int, string> outputColumn, string todayExpression) => throw new NotImplementedException();
}
