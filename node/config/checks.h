// What single directives ask of their values beyond their type.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "node/base/result.h"
#include "node/config/directive.h"

namespace windlass::config {

// The words of one assignment, from file or CONFIG SET. May bring them into the
// form that is kept ("99.90" -> "99.9"). The error is what the person sees.
base::Result<void> CheckWords(const Directive& directive, std::vector<std::string>* words);

// The number that is kept for one that was accepted: some directives have a floor
// or a ceiling that is not an error.
int64_t Settled(const Directive& directive, int64_t value);

}  // namespace windlass::config
