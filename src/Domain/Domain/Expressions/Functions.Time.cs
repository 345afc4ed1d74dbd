using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

public static partial class Functions
{
    private const string MicrosPerDay = "toInt64(86400000000)"; // the bare literal is UInt64, and % by it loses the sign

    private static Function DaysBetween => field ??= new("days_between", "days_between(from day, to day) → int64",
        "Days from the first day to the second, negative if that is earlier.")
    {
        Check = c => c.Strict(ScalarType.Int64, ScalarType.Day, ScalarType.Day),
        Compile = call =>
        {
            var (from, to) = (Arg(call, 0).Long, Arg(call, 1).Long);
            return new Node(ScalarType.Int64, (in f, out value) =>
            {
                value = 0;
                if (!from(f, out var a) || !to(f, out var b)) return false;
                value = b - a;
                return true;
            });
        },
        Emit = (call, sql) =>
        {
            var (from, to) = (sql.Emit(call.Arguments[0]), sql.Emit(call.Arguments[1]));
            return Sql.Scalar($"(toInt64({to.Value}) - toInt64({from.Value}))", Sql.And(from.Present, to.Present));
        },
    };

    private static Function Day => field ??= new("day", "day(at instant) → day", "The UTC day of an instant.")
    {
        Check = c => c.Strict(ScalarType.Day, ScalarType.Instant),
        Compile = call => Map(ScalarType.Day, Arg(call, 0).Long, micros => Clock.DayOf(micros)),
        Emit = (call, sql) =>
        {
            var at = sql.Emit(call.Arguments[0]);
            return Sql.Scalar($"toInt32(intDiv({at.Value}, {MicrosPerDay}) - ({at.Value} % {MicrosPerDay} < 0))", at.Present);
        },
    };

    private static Function Hour => field ??= new("hour", "hour(at instant) → int64", "The UTC hour of an instant, 0 to 23.")
    {
        Check = c => c.Strict(ScalarType.Int64, ScalarType.Instant),
        Compile = call => Map(ScalarType.Int64, Arg(call, 0).Long, micros => (micros % Clock.MicrosPerDay + Clock.MicrosPerDay) % Clock.MicrosPerDay / 3_600_000_000),
        Emit = (call, sql) =>
        {
            var at = sql.Emit(call.Arguments[0]);
            return Sql.Scalar($"toInt64(intDiv(positiveModulo({at.Value}, {MicrosPerDay}), 3600000000))", at.Present);
        },
    };

    private static Function Weekday => field ??= new("weekday", "weekday(of day) → int64", "ISO day of the week, 1 = Monday to 7 = Sunday.")
    {
        Check = c => c.Strict(ScalarType.Int64, ScalarType.Day),
        Compile = call => Map(ScalarType.Int64, Arg(call, 0).Long, day => ((day + 3) % 7 + 7) % 7 + 1), // day 0 was a Thursday
        Emit = (call, sql) =>
        {
            var day = sql.Emit(call.Arguments[0]);
            return Sql.Scalar($"toInt64(positiveModulo(toInt64({day.Value}) + 3, 7) + 1)", day.Present);
        },
    };

    private static Function Month => field ??= CalendarPart("month", "Month of a day, 1 to 12", "toMonth", day => DeclaredForms.DateOf(day).Month);

    private static Function DayOfMonth => field ??= CalendarPart("day_of_month", "Day of the month, 1 to 31", "toDayOfMonth", day => DeclaredForms.DateOf(day).Day);

    private static Function Year => field ??= CalendarPart("year", "Year of a day", "toYear", day => DeclaredForms.DateOf(day).Year);

    // Date32 ends where these bounds are; the language ends there too.
    private static Function CalendarPart(string name, string doc, string sqlFunction, Func<int, int> part) => new(name, $"{name}(of day) → int64",
        $"{doc}; null outside 1900-01-01 … 2299-12-31.")
    {
        Check = c => c.Strict(ScalarType.Int64, ScalarType.Day),
        Compile = call =>
        {
            var day = Arg(call, 0).Long;
            return new Node(ScalarType.Int64, (in f, out value) =>
            {
                if (!day(f, out value) || value is < DeclaredForms.FirstDay or > DeclaredForms.LastDay) return false;
                value = part((int)value);
                return true;
            });
        },
        Emit = (call, sql) =>
        {
            var day = sql.Emit(call.Arguments[0]);
            return Sql.Scalar($"toInt64({sqlFunction}(toDate32({day.Value})))",
                Sql.And(day.Present, $"({day.Value} >= {DeclaredForms.FirstDay} AND {day.Value} <= {DeclaredForms.LastDay})"));
        },
    };

    /// <summary>A total function of one number.</summary>
    private static Node Map(ScalarType type, LongFn operand, Func<long, long> apply) => new(type, (in f, out value) =>
    {
        if (!operand(f, out value)) return false;
        value = apply(value);
        return true;
    });
}
