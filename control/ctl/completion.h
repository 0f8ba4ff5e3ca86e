// Shell completion for axfrctl, made from the table of verbs.
#pragma once

#include <string>

namespace axfrd::control {

std::string bash_completion();

}  // namespace axfrd::control
