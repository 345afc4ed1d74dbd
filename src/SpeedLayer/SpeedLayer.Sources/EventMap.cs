using Lambda.Domain.Cards;

namespace Lambda.SpeedLayer.Sources;

/// <summary>How a source's messages become events.</summary>
/// <param name="GivesId">event_id is given by the source; the message's own, if it has one, is left out.</param>
/// <param name="Rename">Their field names to ours; others keep their name. `a.b` is field b of the object a.</param>
/// <param name="Constants">Fields that a message lacks, as JSON values.</param>
public sealed record EventMap(bool GivesId, IReadOnlyDictionary<string, string> Rename, IReadOnlyDictionary<string, string> Constants)
{
    /// <summary>What the source calls a card's number: the last name of each path.</summary>
    public string[] CardFields { get; } = [.. Rename.Where(r => r.Value == CardText.NumberField).Select(r => r.Key[(r.Key.LastIndexOf('.') + 1)..])];

    /// <summary>Messages are events as they are.</summary>
    public bool IsPlain => !GivesId && Rename.Count == 0 && Constants.Count == 0;
}
