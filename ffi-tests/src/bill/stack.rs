//! How much stack a call may need.

use super::{Figures, Rows};

/// Bytes of stack that a call may need on RV32IMAC, callbacks included.
pub const LIMIT: u64 = 1024;
/// The machine that the limit is for.
pub const MACHINE: &str = "rv32imac";

/// What is wrong with a machine's stacks, given the functions that may need more than [`LIMIT`].
/// An exception is a ratchet: more is a fault, and so is one that is not needed.
#[must_use]
pub fn faults(stacks: &Figures, exceptions: &Figures) -> Vec<String> {
    let above = stacks.iter().filter_map(|(name, bytes)| {
        let most = *exceptions.get(name).unwrap_or(&LIMIT);
        (*bytes > most).then(|| format!("{name} needs {bytes} bytes, {most} are allowed"))
    });
    let idle = exceptions.iter().filter_map(|(name, most)| {
        let needed = stacks.get(name).is_some_and(|bytes| *bytes > LIMIT);
        (!needed).then(|| format!("{name} needs no exception of {most} bytes"))
    });
    above.chain(idle).collect()
}

/// The exceptions that a measurement leaves: none more, none higher.
#[must_use]
pub fn lowered(exceptions: &Figures, now: &Rows) -> Figures {
    let Some(stacks) = now.get(MACHINE) else {
        return exceptions.clone();
    };
    let all = exceptions.iter().filter_map(|(name, most)| {
        let bytes = *stacks.get(name)?;
        (bytes > LIMIT).then(|| (name.clone(), bytes.min(*most)))
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(all: &[(&str, u64)]) -> Figures {
        all.iter()
            .map(|(name, bytes)| (name.to_string(), *bytes))
            .collect()
    }

    #[test]
    fn exception_is_a_ratchet() {
        let allowed = of(&[("plan", 2000)]);
        assert!(faults(&of(&[("plan", 2000), ("poll", 1024)]), &allowed).is_empty());
        assert_eq!(
            faults(&of(&[("plan", 2001), ("poll", 1025)]), &allowed).len(),
            2
        );
        assert_eq!(faults(&of(&[("plan", 1024)]), &allowed).len(), 1);
        assert_eq!(faults(&of(&[]), &allowed).len(), 1);
    }

    #[test]
    fn exceptions_are_lowered_and_never_added() {
        let now =
            |bytes| Rows::from([(MACHINE.to_string(), of(&[("plan", bytes), ("poll", 9000)]))]);
        let allowed = of(&[("plan", 2000)]);
        assert_eq!(lowered(&allowed, &now(1500)), of(&[("plan", 1500)]));
        assert_eq!(lowered(&allowed, &now(2500)), allowed);
        assert_eq!(lowered(&allowed, &now(1000)), of(&[]));
        assert_eq!(lowered(&allowed, &Rows::new()), allowed);
    }
}
