using Lambda.Domain.Events;

namespace Lambda.Domain.Expressions;

/// <summary>The function table. To add a function write its entry (checker, evaluator, SQL) in the part it belongs to and list it here.</summary>
public static partial class Functions
{
    public static IReadOnlyList<Function> All => field ??=
    [
        DaysBetween, Day, Hour, Weekday, DayOfMonth, Month, Year,
        Lower, Upper, Length, StartsWith, EndsWith, Contains,
        Abs, Least, Greatest, Round, Floor, Ceil,
        Coalesce, If,
        Key, TopKey, Total,
    ];

    private static Dictionary<string, Function> ByName => field ??= All.Where(f => f != Key).ToDictionary(f => f.Name);

    public static Function? Named(string name) => ByName.GetValueOrDefault(name);

    /// <summary>What `map['key']` means: the second argument is a text constant that is one of the map's keys.</summary>
    public static Function KeyAccess => Key;

    private static Node Arg(Expr.Call call, int index) => Evaluators.Compile(call.Arguments[index]);
}
