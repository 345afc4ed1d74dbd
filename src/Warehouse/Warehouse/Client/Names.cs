namespace Lambda.Warehouse.Client;

/// <summary>Names in SQL. Values never go into a statement's text, see <see cref="QueryParameters"/>; names must.</summary>
public static class Names
{
    public static string Quote(string name) => $"`{name.Replace("\\", @"\\").Replace("`", "\\`")}`";
}
