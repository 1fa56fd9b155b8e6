//! What a dry run reads of an Argus that it does not write to.

use super::*;

/// One open incident with number 5 and key 17; any request that writes is a panic.
struct Real;

const US: UserPk = 3;

fn at(secs: i64) -> Stamp {
    Stamp::from_secs(secs)
}

fn real_row() -> Incident {
    Incident {
        pk: 17,
        start_time: at(100),
        end_time: EndTime::Open,
        source_user: US,
        source_incident_id: "5".into(),
        description: "old".into(),
        level: 3,
        details_url: "".into(),
        ticket_url: "".into(),
        made_for: None,
        tags: [("a=1", US), ("b=2", 7)].into_iter().collect(),
        open: true,
        acked: false,
    }
}

impl ArgusServer for Real {
    fn list(&self, query: &ListQuery, _: Option<Stamp>, _: usize) -> Result<Page<Incident>, ArgusError> {
        Ok(Page { items: [real_row()].into_iter().filter(|row| fits(row, query)).collect(), more: false })
    }

    fn count_open(&self, _: Option<Mark>) -> Result<usize, ArgusError> {
        Ok(1)
    }

    fn newest_events(&self, _: usize, _: u32) -> Result<Page<Event>, ArgusError> {
        Ok(Page { items: Vec::new(), more: false })
    }

    fn incident(&self, pk: IncidentPk) -> Result<Option<Incident>, ArgusError> {
        Ok((pk == 17).then(real_row))
    }

    fn events(&self, pk: IncidentPk) -> Result<Option<Vec<Event>>, ArgusError> {
        Ok((pk == 17).then(Vec::new))
    }

    fn acks(&self, _: IncidentPk) -> Result<Option<Acks>, ArgusError> {
        Ok(Some(Acks::default()))
    }

    fn create(&self, _: &NewIncident) -> Result<Incident, ArgusError> {
        panic!("a dry run creates an incident")
    }

    fn patch(&self, _: IncidentPk, _: &Patch) -> Result<Incident, ArgusError> {
        panic!("a dry run changes an incident")
    }

    fn post_event(&self, _: IncidentPk, _: &NewEvent) -> Result<Event, ArgusError> {
        panic!("a dry run posts an event")
    }

    fn expire(&self, _: IncidentPk, _: EventPk, _: Stamp) -> Result<(), ArgusError> {
        panic!("a dry run ends an acknowledgement")
    }

    fn sign_of_life(&self) -> Result<(), ArgusError> {
        panic!("a dry run sends a heartbeat")
    }

    fn check_token(&self) -> Result<(), ArgusError> {
        Ok(())
    }

    fn reach(&self) -> Result<(), ArgusError> {
        Ok(())
    }
}

fn rehearsal() -> Rehearsal<Real> {
    let rehearsal = Rehearsal::new(Arc::new(Real));
    assert!(rehearsal.incident(17).unwrap().is_some());
    rehearsal
}

fn new(number: &str, end_time: Option<Stamp>) -> NewIncident {
    NewIncident {
        start_time: at(200),
        end_time,
        source_incident_id: number.to_owned(),
        description: "new".to_owned(),
        details_url: None,
        level: 2,
        tags: vec!["a=9".to_owned()],
        metadata: serde_json::json!({}),
    }
}

fn keys(page: &Page<Incident>) -> Vec<IncidentPk> {
    page.items.iter().map(|row| row.pk).collect()
}

#[test]
fn what_would_be_created_is_on_the_lists_and_counts() {
    let argus = rehearsal();
    assert_eq!(argus.create(&new("6", None)).unwrap().pk, -1);
    assert_eq!(argus.create(&new("7", Some(at(300)))).unwrap().pk, -2);
    assert_eq!(keys(&argus.list(&ListQuery::Open, None, 100).unwrap()), [-1, 17]);
    assert_eq!(keys(&argus.list(&ListQuery::Open, Some(at(150)), 100).unwrap()), [17]);
    assert_eq!(keys(&argus.list(&ListQuery::EndedSince(at(0)), None, 100).unwrap()), [-2]);
    assert_eq!(keys(&argus.list(&ListQuery::Number("6".into()), None, 10).unwrap()), [-1]);
    assert_eq!(keys(&argus.list(&ListQuery::OpenTagged(vec!["a=9".into()]), None, 10).unwrap()), [-1]);
    assert_eq!(argus.count_open(None), Ok(2));
    assert_eq!(
        argus.events(-1).unwrap().unwrap().first().map(|e| (e.kind.clone(), e.actor)),
        Some((EventKind::Start, US))
    );
}

#[test]
fn a_number_that_is_taken_is_refused_as_argus_does() {
    let argus = rehearsal();
    assert!(matches!(argus.create(&new("5", None)), Err(ArgusError::Request { status: 400, .. })));
    argus.create(&new("6", None)).unwrap();
    assert!(matches!(argus.create(&new("6", None)), Err(ArgusError::Request { status: 400, .. })));
}

#[test]
fn what_would_be_posted_and_changed_is_read() {
    let argus = rehearsal();
    let post = |kind: EventKind| argus.post_event(17, &NewEvent { kind, timestamp: at(400), description: "x ".into() });
    let event = post(EventKind::End).unwrap();
    assert_eq!((event.actor, event.description.as_str()), (US, "x"));
    assert_eq!(argus.incident(17).unwrap().unwrap().end_time, EndTime::At(at(400)));
    assert_eq!((argus.count_open(None), argus.events(17).unwrap().map(|all| all.len())), (Ok(0), Some(1)));
    post(EventKind::Restart).unwrap();
    post(EventKind::Acknowledge).unwrap();
    let row = argus.incident(17).unwrap().unwrap();
    assert!(row.is_open() && row.acked);
    let tags = Some(vec!["b=2".to_owned(), "c=3".to_owned()]);
    let row = argus.patch(17, &Patch { tags, level: Some(1), ..Patch::default() }).unwrap();
    assert_eq!((row.level, &*row.description), (1, "old"));
    assert_eq!(row.tags.iter().map(|tag| (tag.text, tag.added_by)).collect::<Vec<_>>(), [("b=2", 7), ("c=3", US)]);
    let acks = argus.acks(17).unwrap().unwrap().all;
    assert_eq!(acks.iter().map(|ack| ack.expiration).collect::<Vec<_>>(), [None]);
    argus.expire(17, acks.first().unwrap().event.pk, at(500)).unwrap();
    assert_eq!(argus.acks(17).unwrap().unwrap().all.first().and_then(|ack| ack.expiration), Some(at(500)));
}

#[test]
fn an_incident_that_is_not_there_takes_no_event() {
    let new = NewEvent { kind: EventKind::Other, timestamp: at(1), description: String::new() };
    assert!(matches!(rehearsal().post_event(18, &new), Err(ArgusError::Request { status: 404, .. })));
}
