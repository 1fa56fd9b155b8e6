//! An instance's side towards its Zino: connecting, reading everything, deliveries, notifications.
//! Never decides when it has its turn.

use super::{Driver, NOTIFIED, PART, SECOND, filter};
use crate::zino::SimZino;
use zinoargus::engine::{Input, ZinoCommand, ZinoEvent};
use zinoargus::execute::zino_reads::{Reading, Step, snapshot};
use zinoargus::threads::following::obey;
use zinoargus::threads::notified::Notified;

impl Driver {
    pub(super) fn zino_side(&mut self, n: usize) -> bool {
        let Some(instance) = self.instances.get(n) else { return false };
        let z = instance.zino;
        let (now, up, known) = {
            let world = self.world.borrow();
            let zino = world.zinos.get(z);
            let up = !world.is_cut_from_zino(n) && zino.is_some_and(|z| !z.down);
            (world.now, up, zino.is_some_and(|z| z.clients.contains_key(&n)))
        };
        if !instance.connected {
            if now < instance.reconnect_at || (!up && !self.scenario.single) {
                return false;
            }
            if !up {
                return self.cannot_connect(n);
            }
            self.connect(n, z);
            return true;
        }
        if !known {
            self.lose(n);
            return true;
        }
        self.obey_one(n, z) || self.listen(n, z) || self.read_on(n, z)
    }

    fn cannot_connect(&mut self, n: usize) -> bool {
        let now = self.world.borrow().now;
        if let Some(instance) = self.instances.get_mut(n) {
            instance.reconnect_at = now + SECOND;
        }
        self.feed(n, Input::Zino(ZinoEvent::Unusable("nothing listens there".into())));
        true
    }

    fn connect(&mut self, n: usize, z: usize) {
        if let Some(zino) = self.world.borrow_mut().zinos.get_mut(z) {
            zino.clients.insert(n, Vec::new());
        }
        if let Some(instance) = self.instances.get_mut(n) {
            instance.connected = true;
            instance.commands.clear();
        }
        self.feed(n, Input::Zino(ZinoEvent::Connected));
        self.read_everything(n, z);
    }

    /// At once, or so that other things happen in between.
    fn read_everything(&mut self, n: usize, z: usize) {
        let mut zino = SimZino { world: &self.world, zino: z, instance: n };
        if self.scenario.slow {
            let reading = Reading::begin(&mut zino).ok();
            if reading.is_none() {
                self.lose(n);
            } else if let Some(instance) = self.instances.get_mut(n) {
                instance.reading = reading;
            }
            return;
        }
        let mut parts = Vec::new();
        let read = snapshot(&mut zino, PART, &filter(self.scenario), |cases| parts.push(cases));
        for cases in parts {
            self.feed(n, Input::Zino(ZinoEvent::Part(cases)));
        }
        match read {
            Ok(snapshot) => self.feed(n, Input::Zino(ZinoEvent::Snapshot(snapshot))),
            Err(_) => self.lose(n),
        }
    }

    /// The next part of a complete reading; false if none is under way.
    fn read_on(&mut self, n: usize, z: usize) -> bool {
        let Some(instance) = self.instances.get_mut(n) else { return false };
        let Some(mut reading) = instance.reading.take() else { return false };
        match reading.step(&mut SimZino { world: &self.world, zino: z, instance: n }, PART, &filter(self.scenario)) {
            Ok(Step::Part(cases)) => {
                instance.reading = Some(reading);
                self.feed(n, Input::Zino(ZinoEvent::Part(cases)));
            }
            Ok(Step::End(snapshot)) => self.feed(n, Input::Zino(ZinoEvent::Snapshot(snapshot))),
            Err(_) => self.lose(n),
        }
        true
    }

    fn lose(&mut self, n: usize) {
        let now = {
            let mut world = self.world.borrow_mut();
            for zino in &mut world.zinos {
                zino.clients.remove(&n);
            }
            world.now
        };
        if let Some(instance) = self.instances.get_mut(n) {
            instance.connected = false;
            instance.reading = None;
            instance.commands.clear();
            instance.reconnect_at = now + SECOND;
        }
        self.feed(n, Input::Zino(ZinoEvent::Disconnected));
        if let Some(instance) = self.instances.get_mut(n) {
            instance.commands.clear();
        }
    }

    fn obey_one(&mut self, n: usize, z: usize) -> bool {
        let Some(instance) = self.instances.get_mut(n) else { return false };
        let Some(command) = instance.commands.pop_front() else { return false };
        if matches!(command, ZinoCommand::Reread) {
            self.read_everything(n, z);
            return true;
        }
        let mut zino = SimZino { world: &self.world, zino: z, instance: n };
        let (event, lost) = obey(command, &mut zino, &instance.rules);
        if let Some(event) = event {
            self.feed(n, Input::Zino(event));
        }
        if lost.is_some() {
            self.lose(n);
        }
        true
    }

    fn listen(&mut self, n: usize, z: usize) -> bool {
        let notices = {
            let mut world = self.world.borrow_mut();
            world.zinos.get_mut(z).and_then(|zino| zino.clients.get_mut(&n)).map(std::mem::take).unwrap_or_default()
        };
        if notices.is_empty() {
            return false;
        }
        let mut notified = Notified::default();
        notified.take(&notices);
        while !notified.is_empty() {
            match notified.read_part(
                &mut SimZino { world: &self.world, zino: z, instance: n },
                NOTIFIED,
                &filter(self.scenario),
            ) {
                Ok(events) => events.into_iter().for_each(|event| self.feed(n, Input::Zino(event))),
                Err(_) => {
                    self.lose(n);
                    break;
                }
            }
        }
        true
    }
}
