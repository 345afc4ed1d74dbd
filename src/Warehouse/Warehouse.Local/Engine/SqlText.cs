namespace Lambda.Warehouse.Local.Engine;

/// <summary>Quoting for the statements this process writes itself.</summary>
internal static class SqlText
{
    internal static string Identifier(string name) => $"`{name.Replace("\\", "\\\\").Replace("`", "\\`")}`";

    internal static string String(string value) => $"'{value.Replace("\\", "\\\\").Replace("'", "\\'")}'";
}
