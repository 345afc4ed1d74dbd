namespace Lambda.Domain.Views;

/// <summary>
/// Carries a state over to another definition's slots, as far as both mean the same. Which days have tiles may still differ: prune both sides to what the
/// shorter tile_retention_days keeps.
/// </summary>
internal static class Projection
{
    private const int Gone = -1;

    public static State Project(State state, ViewDefinition from, ViewDefinition to)
    {
        var slots = SlotMap(from, to, _ => true);
        var tileSlots = SlotMap(from, to, m => m.WindowDays.Count > 0);
        var writer = StateWriter.Rent();
        var tiles = new TileReader(state.Encoded);
        writer.Begin();
        Copy(tiles.AllTime, slots, writer);
        while (tiles.MoveNext())
        {
            writer.BeginTile(tiles.Day);
            Copy(tiles.Block, tileSlots, writer);
        }
        var projected = State.FromTrusted(writer.End());
        StateWriter.Return(writer);
        return projected;
    }

    /// <summary>By slot of `from`: the slot in `to`. Of several metrics that mean the same the first on each side stands for all.</summary>
    private static int[] SlotMap(ViewDefinition from, ViewDefinition to, Func<Metric, bool> counts)
    {
        var targets = Firsts(to, counts);
        var map = new int[from.Metrics.Count];
        Array.Fill(map, Gone);
        foreach (var (fingerprint, slot) in Firsts(from, counts))
            if (targets.TryGetValue(fingerprint, out var target)) map[slot] = target;
        return map;
    }

    private static Dictionary<string, int> Firsts(ViewDefinition definition, Func<Metric, bool> counts) =>
        definition.Metrics.Where(counts).GroupBy(m => m.Fingerprint).ToDictionary(g => g.Key, g => g.Min(m => m.Slot));

    private static void Copy(ReadOnlySpan<byte> cells, int[] slots, StateWriter to)
    {
        var kept = new List<(int Slot, int By, CellKind Kind, byte[] Payload)>();
        var reader = new CellReader(cells);
        while (reader.MoveNext())
            if (slots[reader.Slot] != Gone) kept.Add((slots[reader.Slot], reader.By, reader.Kind, reader.Payload.ToArray()));
        foreach (var (slot, by, kind, payload) in kept.OrderBy(c => (c.Slot, c.By))) to.Cell(slot, by, kind, payload);
    }
}
