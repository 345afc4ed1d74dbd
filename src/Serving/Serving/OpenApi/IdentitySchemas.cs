using System.Text.Json.Nodes;
using Lambda.Domain.Identity;
using static Lambda.Serving.OpenApi.Schema;

namespace Lambda.Serving.OpenApi;

/// <summary>Schemas of merges and persons.</summary>
internal static class IdentitySchemas
{
    public static IEnumerable<(string Name, JsonNode Schema)> All()
    {
        var (into, customer) = (Doc(Text, "Whose person is joined; the canonical id is its, or that of whom it was merged into."), Doc(Text, "Who joins, with everybody merged with it."));
        return
        [
            ("MergeRequest", Closed(("into", into), ("customer", customer)).Maybe("id", Doc(Text, "A UUID of yours: makes asking again harmless.")).Maybe("reason", Reason)),
            ("UnmergeRequest", Closed(("link", Doc(Text, "Its id."))).Maybe("reason", Reason)), ("Link", Link()),
            ("Merged", Closed(("link", Ref("Link")), ("person", Person()), ("identity", Number()))),
            ("Unmerged", Closed(("link", Ref("Link")), ("into", Person()), ("customer", Person()), ("identity", Number()))),
            ("MergeConflict", Problem()),
            ("Identity", Closed(("customer_id", Text), ("canonical", Text), ("members", List(Text)), ("links", List(Ref("Link"))),
                ("identifiers", List(Closed(("kind", Text), ("value", OrNull(Text)), ("customer_id", Text), ("since", Instant)))))),
            ("Card", Closed(("card_token", Text), ("key", Doc(OrNull(Text), "Id of the key it was made under; null when it is no token of ours.")), ("customer_id", Doc(OrNull(Text), "Null: no event named it.")), ("is_active", OrNull(Bool)),
                ("bin", Doc(OrNull(Text), "First eight digits of its number, six of one shorter than 16; null when they are not known.")), ("last_four", OrNull(Text)), ("other_tokens", Doc(List(Text), "Of the same card, under other keys.")))),
            ("IdentifierOwners", Owners()), ("IdentifierConflicts", Closed(("conflicts", List(Ref("IdentifierOwners"))), ("next", OrNull(Text)))),
        ];
    }

    /// <summary>Of something in the history of a merged person.</summary>
    public static JsonObject Member => Doc(Text, "Whose it is, in the history of a merged person.");

    /// <summary>`person` of an answer's meta.</summary>
    public static JsonObject Read() => Doc(
        Closed(
            ("canonical", Text), ("members", List(Closed(("customer_id", Text), ("epoch", Integer), ("position", Text)))),
            ("identity", Doc(Integer, "Newest record of the identity log that is in it."))),
        "Of a merged person: the customers whose answer it is, each as of where its partition stood. Missing for who is merged with nobody.");

    private static JsonObject Owners() => Closed(
        ("kind", Text), ("value", Doc(OrNull(Text), "As it is kept.")), ("is_conflict", Doc(Bool, "Its customers are not one person.")),
        ("customers", List(Closed(("customer_id", Text), ("canonical", Text), ("since", Instant)))));

    private static JsonObject Reason => Doc(Text, "Free text, kept with the link until one of the two is erased.");

    private static JsonObject Number() => Doc(Integer, "Its place in the identity log: a read with `at_least=identity:n` has it, on any node.");

    private static JsonObject Person() => Closed(("canonical", Text), ("members", Doc(List(Text), $"The canonical one first, at most {IdentityState.MembersMax}.")));

    private static JsonObject Link()
    {
        var undone = Closed(("by", Text), ("at", Instant), ("reason", Text));
        undone["type"] = new JsonArray("object", "null");
        return Closed(
            ("id", Text), ("into", Text), ("customer", Text), ("by", Doc(Text, "Name of the key.")), ("at", Instant), ("reason", Text), ("undone", Doc(undone, "Who took it back; null while it holds.")));
    }

    private static JsonObject Problem() => Open(("type", Text), ("title", Text), ("status", Integer), ("detail", Text), ("instance", Text))
        .Maybe("links", Doc(List(Ref("Link")), "The links that join the two, when they are one person already."));
}
