using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Population;
using Lambda.Warehouse.Schema;

namespace Lambda.Warehouse.Analysts;

/// <summary>
/// A database that holds nothing but what analysts may see, two views: `customer_current` without the columns that the definition calls personal, and `events`
/// without personal fields, without what the definition's personal metrics read, and without the event as it was sent.
/// </summary>
internal sealed class AnalystViews(ClickHouseClient client, bool forAnotherUser)
{
    private string? _made;

    public string Database => client.Database + "_analyst";

    /// <summary>Follows the definition whose rows are shown.</summary>
    public async Task EnsureAsync(ViewDefinition definition, CancellationToken cancel)
    {
        if (_made == definition.Hash) return;
        await client.ExecuteAsync($"CREATE DATABASE IF NOT EXISTS {Names.Quote(Database)} ENGINE = Atomic", cancel: cancel);
        await ReplaceAsync(ClickHousePopulation.View, CustomersSelect(definition), cancel);
        await ReplaceAsync("events", EventsSelect(definition), cancel);
        _made = definition.Hash;
    }

    /// <summary>A table that a view reads has gone: another definition has taken over.</summary>
    public void Forget() => _made = null;

    private Task ReplaceAsync(string view, string select, CancellationToken cancel)
    {
        var security = forAnotherUser ? "DEFINER = CURRENT_USER SQL SECURITY DEFINER " : ""; // the analysts' user has no right on what the view reads
        return client.ExecuteAsync($"CREATE OR REPLACE VIEW {Names.Quote(Database)}.{Names.Quote(view)} {security}AS {select}", cancel: cancel);
    }

    private string CustomersSelect(ViewDefinition definition)
    {
        var columns = PopulationTable.ColumnsOf(definition).Where(o => !o.Pii).Select(o => Names.Quote(PopulationTable.ColumnOf(o)));
        return $"SELECT {string.Join(", ", columns.Prepend("customer_id"))}, segments, partition, epoch, applied, as_of FROM {Names.Quote(client.Database)}.{PopulationTable.NameOf(definition)} FINAL";
    }

    private string EventsSelect(ViewDefinition definition)
    {
        var personal = definition.Metrics.Where(m => m.Pii).Select(m => (m.Field as FieldRef.Catalogued)?.Field).OfType<Field>().ToHashSet();
        var fields = EventCatalog.Fields.Where(f => !f.Pii && !personal.Contains(f)).Select(f => Names.Quote(f.Name));
        string[] columns = ["customer_id", "event_id", "type", "occurred_at", .. fields, "appended_at", "partition", "offset"];
        return $"SELECT {string.Join(", ", columns)} FROM {Names.Quote(client.Database)}.events";
    }
}
